"""Webhooks over HTTP: what comes in is what the execution's trigger says."""

import pytest
from tests.unit.webserver.conftest import World

FLOW = """id: called
namespace: company.team
labels: {team: blue}
tasks: [{id: say, type: io.kestra.plugin.core.log.Log, message: x}]
triggers:
  - {id: open, type: io.kestra.plugin.core.trigger.Webhook, key: "key-{{ flow.id }}", labels: {who: "{{ trigger.body.name ?? 'nobody' }}"}}
  - id: picky
    type: io.kestra.plugin.core.trigger.Webhook
    key: picky
    conditions: [{type: io.kestra.plugin.core.condition.Expression, expression: "{{ trigger.body.go == true }}"}]
  - {id: off, type: io.kestra.plugin.core.trigger.Webhook, key: "off", disabled: true}
"""
PATH = "/api/v1/executions/webhook/company.team/called"


@pytest.fixture
def called(world: World) -> World:
    assert world.client.post("/api/v1/flows", content=FLOW).status_code == 200
    return world


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("[1]", [1]),
        ("5", "5"),
        ('"text"', '"text"'),
        ("{broken", "{broken"),
        ("", None),
    ],
)
def test_a_body_is_a_map_or_a_list_and_else_the_text_as_it_was_sent(called, sent, body):
    answer = called.client.post(f"{PATH}/key-called?n=1&n=2", content=sent)
    assert answer.status_code == 200
    trigger = answer.json()["trigger"]
    assert (trigger["id"], trigger["variables"]["body"]) == ("open", body)
    assert trigger["variables"]["parameters"] == {"n": ["1", "2"]}


def test_labels_of_a_trigger_follow_those_of_the_flow(called):
    labels = called.client.post(f"{PATH}/key-called", json={"name": "Ada"}).json()["labels"]
    assert [(label["key"], label["value"]) for label in labels[:2]] == [("team", "blue"), ("who", "Ada")]


def test_where_a_condition_does_not_hold_or_cannot_be_evaluated_nothing_is_started(called):
    assert called.client.put(f"{PATH}/picky", json={"go": True}).status_code == 200
    assert called.client.put(f"{PATH}/picky", json={"go": False}).status_code == 204
    assert called.client.put(f"{PATH}/picky", json={}).status_code == 204
    assert len(called.claims()) == 1


@pytest.mark.parametrize("key", ["off", "unknown"])
def test_a_key_of_no_webhook_that_is_on_is_not_found(called, key):
    answer = called.client.get(f"{PATH}/{key}")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found: Webhook not found")
