"""
The servers' programs, fetched once with Maven and checked by size and sha256.

Reads `kafka-pom.xml` and `checksums.txt`. Which registry is asked is a matter of the
machine's own Maven settings: no host is named here.
"""

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.local.cache import cached
from deploy.local.failures import LocalServiceFailed

HERE: Final = Path(__file__).resolve().parent
KAFKA: Final = "kafka-4.3.1"
ELASTICSEARCH: Final = "elasticsearch-9.5.3"
ELASTICSEARCH_ARTIFACT: Final = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.5.3:zip"
PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
FETCH_S: Final = 900
TAIL_CHARS: Final = 2_000


def kafka_jars() -> Path:
    """Return the folder with Kafka's jars."""
    return cached(KAFKA, _fetch_kafka)


def elasticsearch_home() -> Path:
    """Return Elasticsearch's unpacked distribution; servers only read it."""
    return cached(ELASTICSEARCH, _fetch_elasticsearch) / ELASTICSEARCH


def _fetch_kafka(folder: Path) -> None:
    print(f"Fetching {KAFKA} (43 MB, once)", flush=True)
    _maven("-f", str(HERE / "kafka-pom.xml"), f"{PLUGIN}:copy-dependencies", f"-DoutputDirectory={folder}")
    sums = checksums()
    wanted = {name for name in sums if name.endswith(".jar")}
    found = {path.name for path in folder.iterdir()}
    if found != wanted:
        raise LocalServiceFailed(f"Maven brought other jars than checksums.txt lists: {sorted(found ^ wanted)}")
    _check((folder / name for name in sorted(wanted)), sums)


def _fetch_elasticsearch(folder: Path) -> None:
    print(f"Fetching {ELASTICSEARCH} (132 MB, once)", flush=True)
    _maven(f"{PLUGIN}:copy", f"-Dartifact={ELASTICSEARCH_ARTIFACT}", f"-DoutputDirectory={folder}")
    archive = folder / f"{ELASTICSEARCH}.zip"
    _check([archive], checksums())
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            path = Path(packed.extract(entry, folder))
            if not entry.is_dir() and entry.external_attr >> 16 & 0o100:  # `extract` forgets what may be run
                path.chmod(0o755)
    archive.unlink()


def checksums() -> dict[str, tuple[str, int]]:
    """Return sha256 and size by file name."""
    lines = (HERE / "checksums.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {name: (sha256, int(size_bytes)) for sha256, size_bytes, name in rows}


def _check(files: Iterable[Path], sums: dict[str, tuple[str, int]]) -> None:
    for file in files:
        with file.open("rb") as content:
            found = (hashlib.file_digest(content, "sha256").hexdigest(), file.stat().st_size)
        if found != sums[file.name]:
            raise LocalServiceFailed(
                f"{file.name} is not the file that checksums.txt names (sha256 {found[0]}, {found[1]} bytes). "
                "Delete it from the local Maven repository and try again."
            )


def _maven(*arguments: str) -> None:
    command = [_maven_program(), "-B", "-q", *arguments]
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FETCH_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise LocalServiceFailed(f"Maven did not end within {FETCH_S} s: {' '.join(command)}") from None
    if run.returncode:
        raise LocalServiceFailed(f"Maven failed: {' '.join(command)}\n{(run.stdout + run.stderr)[-TAIL_CHARS:]}")


def _maven_program() -> str:
    if not shutil.which("mvn") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing maven", flush=True)
        install = ["apt-get", "install", "-qy", "--no-install-recommends", "maven"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], stdout=subprocess.DEVNULL, env=quiet, check=False)
        subprocess.run(install, stdout=subprocess.DEVNULL, env=quiet, check=False)
    program = shutil.which("mvn")
    if program is None:
        raise LocalServiceFailed(
            "Maven fetches the servers: install it (`apt-get install maven`, `brew install maven`)"
        )
    return program
