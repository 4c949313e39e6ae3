import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runfold.commands.schemas import differences, printed
from runfold.topology import TOPICS

PRINTED = Path(__file__).parents[3] / "schemas"


def test_the_printed_schemas_are_up_to_date() -> None:
    assert differences(PRINTED) == [], "run `make schemas`"


def test_a_stale_and_a_needless_file_are_told(tmp_path: Path) -> None:
    for name, text in printed().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "records/work.json").write_text("{}", encoding="utf-8")
    (tmp_path / "records/old.json").write_text("{}", encoding="utf-8")

    assert differences(tmp_path) == ["records/old.json", "records/work.json"]


def test_every_topic_has_a_schema() -> None:
    assert {f"records/{topic.schema}.json" for topic in TOPICS} <= printed().keys()


@pytest.mark.parametrize("name", sorted(printed()))
def test_a_printed_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(printed()[name]))


def test_a_request_as_the_readme_sends_it_fits_its_schema() -> None:
    validator = Draft202012Validator(json.loads(printed()["records/request.json"]))

    assert validator.is_valid({"namespace": "company.team", "flowId": "parallel", "inputs": {"nap": "PT1S"}})
    assert not validator.is_valid({"namespace": "company.team"})
