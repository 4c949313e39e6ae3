"""
One folder per person and machine for what is downloaded once: all checkouts share it.

Rule: a folder in the cache is whole. It is made beside its place, under a lock, and
moved there when all of it is checked; a crash leaves a `.partial` that the next call
throws away.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = "RUNFOLD_LOCAL_CACHE"


def cache_folder() -> Path:
    """Return where downloads are kept. As root it is no home folder: Elasticsearch runs as another user and reads it."""
    if os.environ.get(CACHE):
        return Path(os.environ[CACHE]).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/cache/runfold")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runfold"


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return the cache's folder `name`; `make` fills it if it is not there yet."""
    cache = cache_folder()
    folder = cache / name
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / f"{name}.lock"):
        if not folder.is_dir():  # another process may have been quicker
            partial = cache / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            _let_all_read(partial)
            partial.rename(folder)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock `path`. The system frees it even after `kill -9`."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _let_all_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        runnable = stat.S_ISDIR(mode) or mode & stat.S_IXUSR
        path.chmod(stat.S_IMODE(mode) | (0o555 if runnable else 0o444))
