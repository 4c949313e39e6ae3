"""
`Files` in a bucket of Amazon S3, or of anything that speaks like it (MinIO, Ceph, R2...).

An object's key is the prefix and the path. The rule: what comes in is first received whole, on
this machine, and then becomes an object by one request; what is read is first fetched whole. So
nobody sees half a file, and no connection waits for a slow reader.

Unlike a folder's, objects may have a path that is also a folder of others.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runfold.adapters.file_storage import CHUNK_SIZE_BYTES, FILE_SIZE_MAX_BYTES, Bounded
from runfold.errors import BadRequest, Conflict, NotFound, Unavailable
from runfold.ports import Readable, StoredFile
from runfold.storage_layout import checked

IN_MEMORY_MAX_BYTES: Final = 4 * 1024 * 1024
"""What is larger waits in a temporary file."""

CONNECT_S: Final = 5
READ_S: Final = 30
TRIES_MAX: Final = 4
PAGE_MAX: Final = 1_000

_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_TAKEN: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_REFUSED: Final = frozenset({"KeyTooLongError", "EntityTooLarge", "InvalidURI"})


@dataclass(frozen=True, slots=True)
class Bucket:
    """
    Where the objects are. Without keys, boto3 finds them as everyone's tools do (variables, profile, role).

    `endpoint` None: Amazon's own. `prefix`: in front of every key, without a slash at its ends.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


class S3Files:
    """See the module."""

    def __init__(self, bucket: Bucket, size_max_bytes: int = FILE_SIZE_MAX_BYTES) -> None:
        self._bucket = bucket.name
        self._prefix = f"{bucket.prefix.strip('/')}/" if bucket.prefix.strip("/") else ""
        self._size_max_bytes = size_max_bytes
        self._client = boto3.client(
            "s3",
            endpoint_url=bucket.endpoint,
            region_name=bucket.region,
            aws_access_key_id=bucket.access_key,
            aws_secret_access_key=bucket.secret_key,
            config=Config(
                connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "max_attempts": TRIES_MAX}
            ),
        )

    def put(self, path: str, content: Readable, *, replace: bool = True) -> StoredFile:
        place = self._place(path)
        with SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES) as received:
            shutil.copyfileobj(Bounded(content, self._size_max_bytes), received, CHUNK_SIZE_BYTES)
            size_bytes = received.tell()
            received.seek(0)
            condition = {} if replace else {"IfNoneMatch": "*"}
            with _translated(path):
                self._client.put_object(**place, Body=received, ContentLength=size_bytes, **condition)
        found = self.stat(path)
        if found is None:
            raise Unavailable(f"The storage has taken {path} and does not have it")
        return found

    def open(self, path: str) -> BinaryIO:
        fetched = SpooledTemporaryFile(max_size=IN_MEMORY_MAX_BYTES)  # noqa: SIM115 - the caller closes it
        try:
            with _translated(path):
                answer = self._client.get_object(**self._place(path))
                for chunk in answer["Body"].iter_chunks(CHUNK_SIZE_BYTES):
                    fetched.write(chunk)
        except BaseException:
            fetched.close()
            raise
        fetched.seek(0)
        return cast("BinaryIO", fetched)

    def stat(self, path: str) -> StoredFile | None:
        try:
            with _translated(path):
                found = self._client.head_object(**self._place(path))
        except NotFound:
            return None
        return StoredFile(path, found["ContentLength"], found["LastModified"])

    def list(self, folder: str) -> Iterator[StoredFile]:
        begin = f"{self._prefix}{checked(folder)[1:]}/"
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=begin, PaginationConfig={"PageSize": PAGE_MAX}
        )
        with _translated(folder):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield self._stored(found)

    def delete(self, path: str) -> bool:
        # S3 does not say whether there was an object.
        if self.stat(path) is None:
            return False
        with _translated(path):
            self._client.delete_object(**self._place(path))
        return True

    def _place(self, path: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked(path)[1:]}

    def _stored(self, found: Mapping[str, Any]) -> StoredFile:
        return StoredFile(f"/{found['Key'].removeprefix(self._prefix)}", found["Size"], found["LastModified"])


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn what the client raises into our errors; what S3 says in its own words may name keys, and is left out."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _ABSENT:
            raise NotFound(f"Unable to find the file '{path}'") from error
        if code in _TAKEN:
            raise Conflict(f"There is something already at {path}") from error
        if code in _REFUSED:
            raise BadRequest(f"The storage refuses {path}: {code}") from error
        raise Unavailable(f"The storage answers {code or 'with an error'}") from error
    except BotoCoreError as error:
        raise Unavailable(f"The storage can't be reached: {type(error).__name__}") from error
