"""
Bring the dashboards into a Kibana or a Grafana: `python deploy/dashboards/load.py --kibana URL --grafana URL`.

Needs nothing but Python. What is there already under the same ids is replaced. Kibana's key
is read from KIBANA_API_KEY, Grafana's token from GRAFANA_TOKEN, if they are set.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TIMEOUT_S = 30
KINDS = {"taskruns": "startDate", "executions": "startDate", "logs": "timestamp"}
"""The indices that the dashboards read, and each one's time."""


class Refused(Exception):
    """The server did not take it; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Load what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kibana", metavar="URL", help="such as http://127.0.0.1:5601")
    parser.add_argument("--grafana", metavar="URL", help="such as http://127.0.0.1:3000")
    parser.add_argument(
        "--elasticsearch", metavar="URL", default="http://127.0.0.1:9200", help="as Grafana reaches it (%(default)s)"
    )
    parser.add_argument("--index-prefix", default="runfold-", help="of Runfold's indices (%(default)s)")
    given = parser.parse_args(arguments)
    if not given.kibana and not given.grafana:
        parser.error("say where to: --kibana URL, --grafana URL or both")
    try:
        if given.kibana:
            load_kibana(given.kibana.rstrip("/"), given.index_prefix)
        if given.grafana:
            load_grafana(given.grafana.rstrip("/"), given.elasticsearch, given.index_prefix)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def load_kibana(url: str, prefix: str) -> None:
    """Import the saved objects; data views name the indices with this prefix."""
    objects = [json.loads(line) for line in (HERE / "kibana.ndjson").read_text(encoding="utf-8").splitlines()]
    for each in objects:
        if each["type"] == "index-pattern":
            each["attributes"]["title"] = prefix + each["id"].removeprefix("runfold-")
    content = "".join(json.dumps(each) + "\n" for each in objects).encode()
    boundary = uuid.uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="runfold.ndjson"\r\n'
        "Content-Type: application/ndjson\r\n\r\n"
    ).encode()
    headers = {"kbn-xsrf": "true", "Content-Type": f"multipart/form-data; boundary={boundary}"}
    key = os.environ.get("KIBANA_API_KEY")
    headers |= {"Authorization": f"ApiKey {key}"} if key else {}
    path = f"{url}/api/saved_objects/_import?overwrite=true"
    answer = _post(path, body + content + f"\r\n--{boundary}--\r\n".encode(), headers)
    if not answer.get("success"):
        raise Refused(f"Kibana did not take all of them: {json.dumps(answer.get('errors'))[:2000]}")
    print(f"{answer.get('successCount')} objects: {url}/app/dashboards#/view/runfold-taskruns-dashboard")


def load_grafana(url: str, elasticsearch: str, prefix: str) -> None:
    """Make the data sources and the dashboard."""
    token = os.environ.get("GRAFANA_TOKEN")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    for kind, time in KINDS.items():
        source = {
            "name": f"Runfold {kind}",
            "type": "elasticsearch",
            "access": "proxy",
            "url": elasticsearch,
            "uid": f"runfold-{kind}",
            "jsonData": {"index": f"{prefix}{kind}", "timeField": time},
        }
        _post(f"{url}/api/datasources", json.dumps(source).encode(), headers, taken_is_fine=True)
    dashboard = json.loads((HERE / "grafana.json").read_text(encoding="utf-8"))
    body = json.dumps({"dashboard": dashboard, "overwrite": True}).encode()
    answer = _post(f"{url}/api/dashboards/db", body, headers)
    print(f"{url}{answer.get('url', '')}")


def _post(url: str, body: bytes, headers: Mapping[str, str], *, taken_is_fine: bool = False) -> dict[str, Any]:
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - the person named it
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        if taken_is_fine and error.code == 409:
            return {}
        raise Refused(f"{url} answers {error.code}: {error.read()[:2000].decode(errors='replace')}") from error
    except (urllib.error.URLError, OSError, json.JSONDecodeError) as error:
        raise Refused(f"{url}: {error}") from error


if __name__ == "__main__":
    raise SystemExit(main())
