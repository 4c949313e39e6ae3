"""
Process groups: whether one still runs, and is the one that we started.

A process that is dead and not yet collected by its parent counts as ended. Reads /proc;
asks `ps` where there is none.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
DEAD: Final = frozenset("ZX")


class Process(NamedTuple):
    """`born` tells a process from a later one with the same id."""

    pid: int
    group: int
    born: str


def running() -> Iterator[Process]:
    """Yield all processes of this machine that are not dead."""
    return _from_proc() if (PROC / "self" / "stat").exists() else _from_ps()


def born(pid: int) -> str | None:
    """Return when `pid` was started, in the system's own words; None if it does not run."""
    return next((process.born for process in running() if process.pid == pid), None)


def group_runs(group: int) -> bool:
    """Return whether any process of the group is alive."""
    return any(process.group == group for process in running())


def _from_proc() -> Iterator[Process]:
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        # After the name, which may hold spaces: state, parent, group...; threads and start time are fields 20 and 22
        # of all. A killed process is called dead while threads of it still hold its ports.
        fields = stat.rpartition(")")[2].split()
        if fields[0] not in DEAD or int(fields[17]) > 1:
            yield Process(int(folder.name), int(fields[2]), fields[19])


def _from_ps() -> Iterator[Process]:
    table = subprocess.run(["ps", "-axo", "pid=,pgid=,stat=,lstart="], capture_output=True, text=True, check=True)
    for line in table.stdout.splitlines():
        pid, group, state, started = line.split(maxsplit=3)
        if state[0] not in DEAD:
            yield Process(int(pid), int(group), started.strip())
