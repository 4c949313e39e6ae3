"""Key-value pairs over the API."""

from datetime import timedelta

import pytest
from tests.unit.webserver.conftest import NOW

from runfold.adapters.kv_store import KvStore
from runfold.adapters.kv_values import KvType, KvValue

PAIRS = "/api/v1/namespaces/company.team/kv"


def put(world, key: str, body: str, **headers: str):
    return world.client.put(f"{PAIRS}/{key}", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        ('"text"', "STRING", "text"),
        ('"2024-12-05"', "STRING", "2024-12-05"),
        ("text", "STRING", "text"),
        ("42", "NUMBER", 42),
        ("4.5e3", "NUMBER", 4500.0),
        ("true", "BOOLEAN", True),
        ('{"a": [1, null]}', "JSON", {"a": [1, None]}),
        ("[]", "JSON", []),
        ("2024-12-05T10:11:12+01:00", "DATETIME", "2024-12-05T09:11:12Z"),
        ("2024-12-05", "DATE", "2024-12-05"),
        ("PT1H30M", "DURATION", "PT1H30M"),
        ("NaN", "STRING", "NaN"),
        ("007", "STRING", "007"),
        ("null", "STRING", "null"),
    ],
)
def test_a_pair_is_stored_as_what_its_body_says(world, body, kind, value):
    assert put(world, "key", body).status_code == 204
    assert world.client.get(f"{PAIRS}/key").json() == {"type": kind, "value": value}


def test_pairs_are_listed_with_their_dates(world):
    put(world, "b", "1", ttl="PT5M")
    put(world, "a", "2")

    date = "2024-12-05T10:00:00Z"
    assert world.client.get(PAIRS).json() == [
        {"key": "a", "creationDate": date, "updateDate": date},
        {"key": "b", "creationDate": date, "updateDate": date, "expirationDate": "2024-12-05T10:05:00Z"},
    ]
    assert world.client.get("/api/v1/namespaces/company/kv").json() == []


def test_a_pair_written_again_keeps_its_first_date(world):
    earlier = NOW - timedelta(days=1)
    KvStore(world.parts.files, "company.team", lambda: earlier).put("a", KvValue(KvType.NUMBER, 1))
    put(world, "a", "2")

    (entry,) = world.client.get(PAIRS).json()
    assert (entry["creationDate"], entry["updateDate"]) == ("2024-12-04T10:00:00Z", "2024-12-05T10:00:00Z")


def test_a_pair_whose_time_is_up_is_told_from_one_that_never_was(world):
    earlier = NOW - timedelta(minutes=5)
    KvStore(world.parts.files, "company.team", lambda: earlier).put(
        "a", KvValue(KvType.NUMBER, 1), timedelta(minutes=5)
    )

    expired = world.client.get(f"{PAIRS}/a")
    assert expired.status_code == 410
    assert expired.json()["message"].startswith("Resource has expired")
    assert world.client.get(f"{PAIRS}/b").status_code == 404
    assert world.client.get(PAIRS).json() == []


def test_pairs_are_deleted_one_by_one_or_together(world):
    for key in ("a", "b", "c"):
        put(world, key, "1")

    assert world.client.delete(f"{PAIRS}/a").json() is True
    assert world.client.delete(f"{PAIRS}/a").json() is False
    assert world.client.request("DELETE", PAIRS, json={"keys": ["a", "b"]}).json() == {"keys": ["b"]}
    assert [entry["key"] for entry in world.client.get(PAIRS).json()] == ["c"]


@pytest.mark.parametrize("key", [".hidden", "-a", "a b", "ä", "a%00", "x" * 201])
def test_a_key_that_can_be_none_is_refused(world, key):
    assert put(world, key, "1").status_code == 422
    assert world.client.get(f"{PAIRS}/{key}").status_code == 422
    assert world.client.delete(f"{PAIRS}/{key}").status_code == 422


@pytest.mark.parametrize("ttl", ["5 minutes", "PT0S", "-PT5M", "P99999999D"])
def test_a_time_to_live_that_makes_no_sense_is_refused(world, ttl):
    assert put(world, "a", "1", ttl=ttl).status_code == 422
    assert world.client.get(PAIRS).json() == []


def test_a_value_that_is_too_large_is_refused(world):
    assert put(world, "a", "x" * (1024 * 1024 + 1)).status_code == 422
