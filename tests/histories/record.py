"""Record the histories of flow cases that have none yet: `python -m tests.histories.record`."""

import gzip
from pathlib import Path

import msgspec
from ruamel.yaml import YAML

from runfold.topology import FACTS
from tests.engine import Engine
from tests.flows.test_cases import CASES
from tests.histories.test_histories import shown
from tests.simulation import audit

FOLDER = Path(__file__).parent / "v1"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in CASES:
        target = FOLDER / f"{path.stem}.jsonl.gz"
        if not target.exists():
            target.write_bytes(gzip.compress(history(path), mtime=0))


def history(path: Path) -> bytes:
    """Return the facts of a case's execution, a line each, and its end."""
    case = YAML(typ="safe").load(path)
    engine = Engine()
    for other in case.get("others", []):
        engine.flows.create(other)
    for template in case.get("templates", []):
        engine.flows.templates.create(template)
    execution_id = engine.run(case["flow"], case.get("inputs")).execution.id
    facts = [record.value for record in engine.broker.history(FACTS) if record.key == execution_id]
    end = shown(audit.fold(audit.transitions(engine.broker)[execution_id]))
    engine.close()
    return b"\n".join([*(fact for fact in facts if fact), msgspec.json.encode(end)])


if __name__ == "__main__":
    main()
