"""
A real Kafka and a real Elasticsearch on this machine, without containers.

    python deploy/local/services.py up|down|status

The standard library is enough, so this runs before the project's packages are installed.
Servers stay up until `down`; a second `up` finds them. State and data: `--dir`.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.local.cache import cache_folder, locked
from deploy.local.elasticsearch_server import ElasticsearchServer
from deploy.local.failures import LocalServiceFailed
from deploy.local.kafka_server import KafkaServer
from deploy.local.server import Server


def main() -> int:
    """Do what the arguments say; return the exit code."""
    arguments = _arguments()
    folder: Path = arguments.dir
    kafka = KafkaServer(folder / "kafka", arguments.kafka_port)
    elasticsearch = ElasticsearchServer(folder / "elasticsearch", arguments.elasticsearch_port)
    servers: list[Server] = [kafka, elasticsearch]
    if arguments.do == "status":
        return _status(servers)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / "services.lock"):  # two calls at once: the second finds what the first did
            return _up(servers) if arguments.do == "up" else _down(servers)
    except LocalServiceFailed as error:
        print(error, file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A real Kafka and a real Elasticsearch, without containers.")
    parser.add_argument("do", choices=("up", "down", "status"))
    parser.add_argument("--kafka-port", type=int, default=19092)
    parser.add_argument("--elasticsearch-port", type=int, default=19200)
    parser.add_argument("--dir", type=Path, default=cache_folder() / "services", help="data and logs (%(default)s)")
    return parser.parse_args()


def _up(servers: list[Server]) -> int:
    began_s = time.monotonic()
    running = [server for server in servers if server.pid is not None]
    for server in servers:
        server.launch()
    for server in servers:
        server.wait()
        how = "runs already" if server in running else f"up after {time.monotonic() - began_s:.1f} s"
        print(f"{server.name} {how}: {server.address} (process {server.pid}, log {server.log})", flush=True)
    return 0


def _down(servers: list[Server]) -> int:
    for server in servers:
        print(f"{server.name} {'stopped' if server.stop() else 'did not run'}", flush=True)
    return 0


def _status(servers: list[Server]) -> int:
    """Print one line a server; 0 if all answer."""
    all_answer = True
    for server in servers:
        pid = server.pid
        answers = pid is not None and server.answers()
        all_answer = all_answer and answers
        state = "answers" if answers else "is down" if pid is None else "runs, but does not answer"
        print(f"{server.name} {state}: {server.address}")
    return 0 if all_answer else 1


if __name__ == "__main__":
    sys.exit(main())
