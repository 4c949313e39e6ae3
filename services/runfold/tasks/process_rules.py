"""What scripts may do on this worker: whether they run at all, and what one process of theirs may use."""

from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class ScriptRules:
    """
    Limits are the kernel's (`setrlimit`), per process; `processes` counts all of the worker's user.

    `grace_s`: from the request to end to the end by force.
    """

    enabled: bool = False
    cpu_s: int = 3_600
    memory_bytes: int = 8 * GIB
    processes: int = 4_096
    file_bytes: int = GIB
    grace_s: float = 5.0
