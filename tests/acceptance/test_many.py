"""`runfold many` against a server: tried, done, and told."""

import json
import subprocess
import sys
from pathlib import Path

import httpx

from tests.browser.server import standalone

FAILING = "id: failing\nnamespace: n\ntasks:\n  - {id: f, type: io.kestra.plugin.core.execution.Fail}\n"


def runfold(url: str, *arguments: str) -> tuple[int, str, str]:
    line = [sys.executable, "-m", "runfold", "many", *arguments, "--server", url]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_all_that_a_search_finds_is_tried_then_done_and_a_wrong_query_shows_its_place(tmp_path: Path) -> None:
    with standalone(tmp_path) as server:
        server.api.post("/flows", content=FAILING)
        failed = server.run("failing", "n")["id"]
        tokens = server.api.post(f"/executions/{failed}/replay").headers["Runfold-Token"]
        found = server.api.get("/executions/search", params={"query": "flow:failing state:FAILED", "after": tokens})
        assert found.status_code == 200

        code, out, said = runfold(server.url, "restart", f"flow:failing id:{failed}", "--dry-run", "--json")
        assert code == 0, said
        told = json.loads(out)
        assert (code, [each["id"] for each in told["results"]]) == (0, [failed])
        assert told["results"][0]["would"] == f"Restart execution {failed}"
        assert attempts(server.api, failed) == 1

        code, out, said = runfold(server.url, "restart", f"flow:failing id:{failed}", "--note", "try again")
        assert code == 0, said
        assert "1 done" in said
        events = server.api.get(f"/executions/{failed}/events").json()["results"]
        assert "try again" in [event["cause"].get("note") for event in events]

        code, out, _ = runfold(server.url, "replay", f"id:{failed}", "--json")
        (told,) = json.loads(out)["results"]
        assert server.api.get(f"/executions/{told['createdExecutionId']}").json()["parentId"] == failed

        code, _, said = runfold(server.url, "kill", "stat:FAILED")
        assert code == 1
        assert "^" in said


def attempts(api: httpx.Client, execution_id: str) -> int:
    (run,) = api.get(f"/executions/{execution_id}").json()["taskRunList"]
    return len(run["attempts"])
