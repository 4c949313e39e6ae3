"""
The two rules of writing that every broker keeps: how large a record may be and where it goes.

Both adapters use these functions, so a key's partition number is the same everywhere.
"""

from collections.abc import Sequence

from runfold.ports import RECORD_SIZE_MAX, Message, slot_of


def check_sizes(messages: Sequence[Message]) -> None:
    """
    Refuse records that no cluster with default limits would take.

    Raises:
        ValueError: One of `messages` is too large; the caller must not have sent any of them.
    """
    for message in messages:
        if message.value is not None and len(message.value) > RECORD_SIZE_MAX:
            size_bytes = len(message.value)
            raise ValueError(
                f"A record for {message.topic} has {size_bytes} bytes; at most {RECORD_SIZE_MAX} are allowed"
            )


def partition_of(message: Message, partitions: int, turn: int) -> int:
    """Return where `message` goes: by its slot, else its key, else `turn` (any number that grows)."""
    if message.slot is not None:
        return message.slot % partitions
    if message.key is not None:
        return slot_of(message.key) % partitions
    return turn % partitions
