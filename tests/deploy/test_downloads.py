"""The cache of downloads: whole or not there, whatever happens, and one download for all who wait."""

import multiprocessing
from pathlib import Path

import pytest
from deploy.local import downloads
from deploy.local.cache import CACHE, cached
from deploy.local.failures import LocalServiceFailed

ALL_END_S = 60


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    return tmp_path


def fill(folder: Path) -> None:
    (folder / "file").write_text("whole", encoding="utf-8")
    with (folder.parent / "calls").open("a", encoding="utf-8") as calls:
        calls.write("x")


def fetch() -> None:
    cached("thing", fill)


def break_off(folder: Path) -> None:
    (folder / "file").write_text("ha", encoding="utf-8")
    raise KeyboardInterrupt


def test_a_download_that_breaks_off_leaves_nothing_that_looks_whole(cache):
    with pytest.raises(KeyboardInterrupt):
        cached("thing", break_off)
    assert not (cache / "thing").exists()

    folder = cached("thing", fill)

    assert [(path.name, path.read_text(encoding="utf-8")) for path in folder.iterdir()] == [("file", "whole")]


def test_processes_that_ask_at_once_download_once(cache):
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=fetch) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(ALL_END_S)

    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert (cache / "calls").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize("content", [b"other", b""])
def test_a_file_that_is_not_the_one_in_the_list_is_refused(tmp_path, content):
    file = tmp_path / f"{downloads.ELASTICSEARCH}.zip"
    file.write_bytes(content)

    with pytest.raises(LocalServiceFailed, match=r"elasticsearch-9.5.3.zip is not the file"):
        downloads._check([file], downloads.checksums())


def test_each_jar_and_the_archive_have_a_checksum():
    sums = downloads.checksums()

    assert len([name for name in sums if name.endswith(".jar")]) == 46
    assert all(len(sha256) == 64 and size_bytes > 0 for sha256, size_bytes in sums.values())
