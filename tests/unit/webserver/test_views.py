"""Saved views."""

import pytest
from tests.unit.webserver.conftest import World

from runfold.adapters.view_store import ViewStore
from runfold.documents.view import BUILT_IN

MINE = {"name": "Mine", "page": "taskruns", "query": "state:FAILED", "owner": "ada", "columns": ["taskId", "state"]}
PATH = "/api/v1/views"


def names(world: World, **parameters: str) -> list[str]:
    return [view["name"] for view in world.get("/views", **parameters).json()]


def test_the_questions_people_come_with_are_there_from_the_start(shared_world: World) -> None:
    found = shared_world.get("/views", page="taskruns").json()

    ready = ["Failing now", "Retrying or stuck", "Slowest against themselves", "Queued longest"]
    assert [view["name"] for view in found][:4] == ready
    assert all(view["builtIn"] and view["query"] for view in found[:4])


def test_a_saved_view_is_read_changed_and_deleted_and_others_see_it(still_world: World) -> None:
    created = still_world.client.post(PATH, json=MINE).json()
    assert {key: created[key] for key in MINE} == MINE
    assert (created["chart"], created["builtIn"], created["updated"]) == (True, False, "2024-12-05T10:00:00Z")

    elsewhere = ViewStore(still_world.broker)
    assert elsewhere.get(created["id"]).name == "Mine"

    changed = still_world.client.put(f"{PATH}/{created['id']}", json=MINE | {"name": "Ours", "sort": "endDate:desc"})
    assert changed.status_code == 200
    assert still_world.get(f"/views/{created['id']}").json()["name"] == elsewhere.get(created["id"]).name == "Ours"

    assert still_world.client.delete(f"{PATH}/{created['id']}").status_code == 204
    assert still_world.get(f"/views/{created['id']}").status_code == 404
    assert "Ours" not in [view.name for view in elsewhere.all()]


def test_views_of_one_page_come_by_name(still_world: World) -> None:
    for name, page in (("b", "executions"), ("A", "executions"), ("c", "logs")):
        still_world.client.post(PATH, json=MINE | {"name": name, "page": page})

    assert names(still_world, page="executions") == ["A", "b"]
    assert len(names(still_world)) == len(BUILT_IN) + 3


def test_a_built_in_view_stays_as_it_is(shared_world: World) -> None:
    assert shared_world.client.put(f"{PATH}/failing-now", json=MINE).status_code == 409
    assert shared_world.client.delete(f"{PATH}/failing-now").status_code == 409


@pytest.mark.parametrize("wrong", [{"page": "nowhere"}, {"name": ""}, {"query": "x" * 2_001}])
def test_a_view_that_can_be_none_is_refused(shared_world: World, wrong: dict) -> None:
    assert shared_world.client.post(PATH, json=MINE | wrong).status_code == 422
    assert shared_world.client.put(f"{PATH}/unknown", json=MINE).status_code == 404
