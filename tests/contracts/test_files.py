"""The promises of the port `Files`, on every side."""

import socket
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from runfold.adapters.file_storage import LocalFiles, MemoryFiles
from runfold.adapters.s3_storage import Bucket, S3Files
from runfold.errors import BadRequest, Conflict, NotFound, Unavailable
from runfold.ports import Files

SIZE_MAX_BYTES = 1_000

TRICKS = [
    "",
    "relative",
    "/",
    "/a//b",
    "/a/",
    "/a/./b",
    "/../a",
    "/a/../b",
    "/a/..",
    "/a/b\x00",
    "/a/b\n",
    "/a\\..\\b",
    "/a/%2e%2e/b",
    "/a/%2E./b",
    "/a%2fb",
    "/a%5Cb",
    "/a%252e%252e/b",
    "/a/\ud800",
    "/" + "x" * 256,
    "/" + "/".join(["x" * 100] * 11),
]


KINDS = ("memory", "local", "s3")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def files(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if kind == "memory":
        return MemoryFiles(SIZE_MAX_BYTES)
    if kind == "local":
        return LocalFiles(tmp_path / "storage", SIZE_MAX_BYTES)
    endpoint = request.getfixturevalue("s3_endpoint")
    name = f"b{uuid.uuid4().hex}"
    keys = {"access_key": "test", "secret_key": "test"}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **_CLIENT_KEYS)
    client.create_bucket(Bucket=name)
    return S3Files(Bucket(name, "kept/here", endpoint, "us-east-1", **keys), SIZE_MAX_BYTES)


_CLIENT_KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3, in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def put(files: Files, path: str, content: bytes = b"x", **how):
    return files.put(path, BytesIO(content), **how)


def read(files: Files, path: str) -> bytes:
    with files.open(path) as content:
        return content.read()


def paths(files: Files, folder: str) -> list[str]:
    return [stored.path for stored in files.list(folder)]


def test_what_was_put_is_read_again_and_its_size_is_known(files: Files) -> None:
    stored = put(files, "/a/b c/ä.txt", b"hello")

    assert read(files, "/a/b c/ä.txt") == b"hello"
    assert stored == files.stat("/a/b c/ä.txt")
    assert (stored.path, stored.size_bytes) == ("/a/b c/ä.txt", 5)
    assert abs(datetime.now(UTC) - stored.modified_at) < timedelta(minutes=1)


def test_an_empty_file_is_a_file(files: Files) -> None:
    put(files, "/empty", b"")

    assert read(files, "/empty") == b""
    assert files.stat("/empty").size_bytes == 0


def test_a_file_put_again_is_replaced_whole(files: Files) -> None:
    put(files, "/a", b"long content")
    put(files, "/a", b"short")

    assert read(files, "/a") == b"short"


def test_a_file_that_must_be_new_replaces_nothing(files: Files) -> None:
    put(files, "/a", b"first", replace=False)

    with pytest.raises(Conflict):
        put(files, "/a", b"second", replace=False)
    assert read(files, "/a") == b"first"


def test_of_many_who_put_a_new_file_at_once_one_succeeds(files: Files) -> None:
    start, won = threading.Barrier(8), []

    def attempt(number: int) -> None:
        start.wait()
        try:
            put(files, "/race", str(number).encode(), replace=False)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [str(number).encode() for number in won] == [read(files, "/race")]


def test_a_file_that_is_not_there_is_not_found(files: Files) -> None:
    put(files, "/a/b")

    for path in ("/a", "/c", "/a/b/c"):
        assert files.stat(path) is None
        assert files.delete(path) is False
        with pytest.raises(NotFound):
            files.open(path)
    assert paths(files, "/c") == []


def test_a_deleted_file_is_gone_and_its_neighbours_stay(files: Files) -> None:
    put(files, "/a/b/one")
    put(files, "/a/two")

    assert files.delete("/a/b/one") is True
    assert paths(files, "/a") == ["/a/two"]
    put(files, "/a/b", b"a file where a folder was")
    assert read(files, "/a/b") == b"a file where a folder was"


def test_a_folder_lists_all_below_it_and_nothing_that_only_begins_alike(files: Files) -> None:
    for path in ("/a/z", "/a/b/c/d", "/ab", "/a/b!", "/b/a"):
        put(files, path)

    assert paths(files, "/a") == ["/a/b!", "/a/b/c/d", "/a/z"]
    assert paths(files, "/a/b") == ["/a/b/c/d"]


def test_files_may_be_deleted_while_they_are_listed(files: Files) -> None:
    for path in ("/a/b", "/a/c"):
        put(files, path)

    assert [files.delete(stored.path) for stored in files.list("/a")] == [True, True]
    assert paths(files, "/a") == []


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(files: Files, tmp_path: Path) -> None:
    put(files, "/fits", b"x" * SIZE_MAX_BYTES)

    with pytest.raises(BadRequest, match="larger than 1000 bytes"):
        put(files, "/large", b"x" * (SIZE_MAX_BYTES + 1))
    assert files.stat("/large") is None
    assert list(tmp_path.glob("storage/incoming/*")) == []


def test_a_stream_that_breaks_leaves_what_was_there(files: Files, tmp_path: Path) -> None:
    class Breaks(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionResetError

    put(files, "/a", b"before")

    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever way each side tells it
        files.put("/a", Breaks())
    assert read(files, "/a") == b"before"
    assert list(tmp_path.glob("storage/incoming/*")) == []


def test_a_file_and_a_folder_never_share_a_path(files: Files, kind: str) -> None:
    if kind == "s3":
        pytest.skip("a bucket has no folders")
    put(files, "/a/b")

    for path in ("/a", "/a/b/c"):
        with pytest.raises(Conflict):
            put(files, path)


@pytest.mark.parametrize("path", TRICKS)
def test_no_path_leads_out_of_the_storage(files: Files, path: str) -> None:
    for act in (
        files.open,
        files.stat,
        files.delete,
        lambda path: list(files.list(path)),
        lambda path: put(files, path),
    ):
        with pytest.raises(BadRequest):
            act(path)


def test_a_reader_keeps_what_it_opened(files: Files) -> None:
    put(files, "/a", b"first")

    with files.open("/a") as content:
        put(files, "/a", b"second")
        files.delete("/a")
        assert content.read() == b"first"


def test_a_folder_keeps_its_files_for_the_next_process(tmp_path: Path) -> None:
    put(LocalFiles(tmp_path), "/a", b"kept")

    assert read(LocalFiles(tmp_path), "/a") == b"kept"


def test_a_bucket_that_nobody_serves_is_away_and_not_empty() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    away = S3Files(Bucket("b", "", f"http://127.0.0.1:{port}", "us-east-1", "test", "test"))

    for act in (away.open, away.stat, away.delete, lambda path: list(away.list(path)), lambda path: put(away, path)):
        with pytest.raises(Unavailable):
            act("/a")
