"""A secret that sings: after flows used it in every way they may, nobody finds it in what a server keeps or says."""

import base64
import os
import time
from pathlib import Path
from urllib.parse import quote

from tests.browser.server import standalone

CANARY = "tweet/tweet+canary=4711 ünd"
OTHER = "input:canary:0815"
DEADLINE_S = 60.0

FLOW = """
id: canary
namespace: company.team
inputs:
  - {id: pin, type: SECRET}
tasks:
  - id: said
    type: io.kestra.plugin.core.log.Log
    message:
      - "plain {{ secret('CANARY') }} and {{ inputs.pin }}"
      - "shouted {{ secret('CANARY') | upper }} and encoded {{ secret('CANARY') | urlencode }}"
  - id: scripted
    type: io.kestra.plugin.scripts.shell.Commands
    env: {KEY: "{{ secret('CANARY') }}", PIN: "{{ inputs.pin }}"}
    commands: ['echo "from a script: $KEY $PIN"', 'test "$KEY" != "$PIN" && echo "::{\\"outputs\\":{\\"told\\":true}}::"']
  - id: asked
    type: io.kestra.plugin.core.http.Request
    uri: http://127.0.0.1:1/nobody
    headers: {Authorization: "Bearer {{ secret('CANARY') }}"}
    allowFailure: true
  - id: failed
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: "it broke at {{ secret('CANARY') }} with {{ inputs.pin }}"
"""


def disguises(secret: str) -> list[bytes]:
    """Return the forms in which a secret could lie about."""
    text = secret.encode()
    forms = [text, quote(secret, safe="").encode(), base64.b64encode(text), text.hex().encode()]
    return [*forms, secret.encode("unicode_escape"), base64.urlsafe_b64encode(text)]


def test_a_secret_is_nowhere_in_what_a_server_keeps_says_or_answers(tmp_path: Path) -> None:
    environment = {
        "SECRET_CANARY": base64.b64encode(CANARY.encode()).decode(),
        "RUNFOLD_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode(),
        "RUNFOLD_SCRIPTS_ENABLED": "true",
        "RUNFOLD_HTTP_ALLOWED_NETWORKS": "127.0.0.0/8",
        "RUNFOLD_LOG_LEVEL": "DEBUG",
    }
    with standalone(tmp_path, environment) as server:
        client = server.api
        assert client.post("/flows", content=FLOW).status_code == 200
        given = {"pin": (None, OTHER)}
        started = client.post("/executions/company.team/canary", params={"wait": "true"}, files=given).json()
        run = started["id"]
        deadline_s = time.monotonic() + DEADLINE_S
        while client.get("/taskruns/search", params={"executionId": run}).json()["total"] < len(started["taskRunList"]):
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
        paths = [
            f"/executions/{run}",
            f"/logs/{run}",
            f"/executions/{run}/events",
            f"/metrics/{run}",
            "/taskruns/search?size=100",
            "/taskruns/export?format=ndjson",
            "/executions/search?size=100",
            "/logs/search?size=100",
            *(f"/taskruns/{each['id']}" for each in started["taskRunList"]),
        ]
        answers = [(path, client.get(path).content) for path in paths]
    states = {each["taskId"]: each["state"]["current"] for each in started["taskRunList"]}
    assert states == {"said": "SUCCESS", "scripted": "SUCCESS", "asked": "WARNING", "failed": "FAILED"}
    kept = [(str(file.relative_to(tmp_path)), file.read_bytes()) for file in tmp_path.rglob("*") if file.is_file()]
    assert any("log.sqlite" in name for name, _ in kept)
    found = [
        (name, form)
        for name, content in (*kept, *answers)
        for secret in (CANARY, OTHER)
        for form in disguises(secret)
        if form in content
    ]
    assert found == []
