"""The few types of values that Python lacks, and the check of what a template may see at all."""

import struct
from datetime import datetime
from typing import Self


class Float32(float):
    """A 32 bit float: its exact value, printed with as few digits as tell it from its neighbours."""

    __slots__ = ()

    def __new__(cls, value: float) -> Self:
        return super().__new__(cls, struct.unpack("f", struct.pack("f", value))[0])


class ZonedDateTime(datetime):
    """A date-time that keeps its zone when printed; a plain one in UTC is a point in time."""

    __slots__ = ()

    @classmethod
    def of(cls, value: datetime) -> "ZonedDateTime":
        """Return `value`, which has a zone, as a zoned date-time."""
        return cls.combine(value.date(), value.timetz())
