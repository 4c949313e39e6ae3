"""What the pages of flows, logs and namespaces show: flows with inputs and triggers, runs of them, pairs and files."""

from typing import Final

from tests.browser.server import Server

NAMESPACE: Final = "shop.sales"
YAML: Final = {"Content-Type": "application/x-yaml"}

ORDERS: Final = """\
id: orders
namespace: shop.sales
description: Takes the orders of a day in and reports.
labels:
  team: sales
inputs:
  - id: day
    type: DATE
    defaults: "2026-11-24"
    description: Whose orders
  - id: region
    type: SELECT
    values: [north, south, west]
    defaults: north
  - id: channels
    type: MULTISELECT
    values: [web, store, phone]
    defaults: [web]
  - id: limit
    type: INT
    min: 1
    max: 100
    defaults: 10
  - id: dry
    type: BOOLEAN
    displayName: Only look
    defaults: true
  - id: reason
    type: STRING
    required: false
    dependsOn:
      inputs: [dry]
      condition: "{{ inputs.dry == false }}"
  - id: attachment
    type: FILE
    required: false
tasks:
  - id: fetch
    type: io.kestra.plugin.core.log.Log
    message: "orders of {{ inputs.day }} in the {{ inputs.region }}"
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ inputs.channels }}"
    tasks:
      - id: load
        type: io.kestra.plugin.core.debug.Return
        format: "{{ taskrun.value }}"
  - id: choose
    type: io.kestra.plugin.core.flow.If
    condition: "{{ inputs.dry }}"
    then:
      - id: look
        type: io.kestra.plugin.core.log.Log
        level: WARN
        message: only looked
    else:
      - id: send
        type: io.kestra.plugin.core.log.Log
        message: "sent because {{ inputs.reason ?? 'nobody said why' }}"
triggers:
  - id: nightly
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "30 2 * * *"
    timezone: Europe/Berlin
  - id: hook
    type: io.kestra.plugin.core.trigger.Webhook
    key: a-key-to-share
"""

REPORT: Final = """\
id: report
namespace: shop.sales
tasks:
  - id: sum
    type: io.kestra.plugin.core.debug.Return
    format: "42"
  - id: mail
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: the mail server said no
  - id: then
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: taskrun
triggers:
  - id: after_orders
    type: io.kestra.plugin.core.trigger.Flow
    conditions:
      - type: io.kestra.plugin.core.condition.ExecutionFlow
        namespace: shop.sales
        flowId: orders
"""


def fill(server: Server) -> None:
    """Store the flows, a second revision, pairs and files, and let the flows run; once for each server."""
    api = server.api
    if api.get(f"/flows/{NAMESPACE}/orders").is_success:
        return
    for source in (ORDERS, REPORT):
        api.post("/flows", content=source, headers=YAML).raise_for_status()
    second = REPORT.replace('"42"', '"43"').replace("tasks:", "description: Sums up the day.\n\ntasks:", 1)
    api.put(f"/flows/{NAMESPACE}/report", content=second, headers=YAML).raise_for_status()
    for key, value in (("region", '"north"'), ("limits", '{"day": 10}'), ("wait", "PT5M")):
        api.put(f"/namespaces/{NAMESPACE}/kv/{key}", content=value).raise_for_status()
    for path, text in (("/sql/orders.sql", "select *\nfrom orders\n"), ("/readme.md", "# Sales\n")):
        files = {"fileContent": (path.rpartition("/")[2], text)}
        api.post(f"/namespaces/{NAMESPACE}/files", params={"path": path}, files=files).raise_for_status()
    for flow_id in ("orders", "report", "report"):
        server.run(flow_id, NAMESPACE)
