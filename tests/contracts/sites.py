"""Where a broker's data is: what a second broker, or another process, needs to open it."""

from dataclasses import dataclass
from pathlib import Path

from runfold.adapters.kafka_broker import KafkaBroker
from runfold.adapters.sqlite_broker import SqliteBroker

PARTITIONS = 2


@dataclass(frozen=True)
class Site:
    """`address`: a file, the cluster, or nothing for a broker in memory."""

    kind: str
    address: str
    prefix: str = ""

    def open(self) -> KafkaBroker | SqliteBroker:
        if self.kind == "kafka":
            return KafkaBroker({"bootstrap.servers": self.address}, self.prefix, PARTITIONS)
        return SqliteBroker(Path(self.address) if self.address else None, PARTITIONS)
