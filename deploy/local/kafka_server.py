"""
One Kafka node, broker and controller in one (KRaft).

It answers when it names itself in its metadata: a node that only listens is not in
service yet.
"""

import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.local.downloads import HERE, kafka_jars
from deploy.local.failures import LocalServiceFailed
from deploy.local.java import java_for_kafka
from deploy.local.ports import free_port
from deploy.local.server import BRIEF_JAVA, Server

CLUSTER_ID: Final = "RunfoldLocalKafkaNodeA"
HEAP: Final = ("-Xms128m", "-Xmx512m")
ANSWER_S: Final = 2.0
ANSWER_MAX_BYTES: Final = 64 * 1024 * 1024
FORMAT_S: Final = 60
#: Request 3, metadata, in its oldest form: id 1, no client name, one topic whose name no client may use.
METADATA_REQUEST: Final = struct.pack(">hhihih", 3, 0, 1, -1, 1, 1) + b"/"

PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
# Without these two a share group silently delivers nothing.
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Hundreds of small topics fit.
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
"""


class KafkaServer(Server):
    name = "Kafka"

    def __init__(self, folder: Path, port: int = 0, *, brief: bool = False) -> None:
        super().__init__(folder, port, brief=brief)
        self._controller = free_port()

    @property
    def bootstrap(self) -> str:
        """What clients take as `bootstrap.servers`."""
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return self.bootstrap

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S) as connection:
                connection.sendall(struct.pack(">i", len(METADATA_REQUEST)) + METADATA_REQUEST)
                size_bytes = struct.unpack(">i", _read(connection, 4))[0]
                if not 8 <= size_bytes <= ANSWER_MAX_BYTES:  # another program that listens there
                    return False
                _request_id, brokers = struct.unpack(">ii", _read(connection, 8))
                return int(brokers) > 0
        except (OSError, EOFError):
            return False

    def _prepare(self) -> tuple[Sequence[str], Mapping[str, str]]:
        java = str(java_for_kafka() / "bin" / "java")
        classpath = f"{kafka_jars()}/*"  # java itself finds the jars
        data = self.folder / "data"
        properties = self.folder / "server.properties"
        text = PROPERTIES.format(port=self.port, controller=self._controller, data=data)
        properties.write_text(text, encoding="utf-8")
        logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        if not (data / "meta.properties").exists():
            tool = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties)]
            command = [java, logging, "-cp", classpath, *tool]
            run = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_S, check=False)
            if run.returncode:
                raise LocalServiceFailed(f"Kafka's data folder cannot be made:\n{run.stdout}{run.stderr}")
        compiling = [BRIEF_JAVA] if self._brief else []
        return [java, *HEAP, *compiling, logging, "-cp", classpath, "kafka.Kafka", str(properties)], {}


def _read(connection: socket.socket, size_bytes: int) -> bytes:
    read = b""
    while len(read) < size_bytes:
        part = connection.recv(size_bytes - len(read))
        if not part:
            raise EOFError
        read += part
    return read
