"""Random flows: nested, failing, retried, skipped, paused, looping, calling others; every one can end."""

import random
from typing import Any

DEPTH_MAX = 3
CORE = "io.kestra.plugin.core"

ITEMS = "kestra:///company/team/maker/executions/made/inputs/items/items.txt"
"""A file of four rows."""

CHILD = """
id: child
namespace: company.team
inputs: [{id: number, type: INT}]
tasks: [{id: c, type: io.kestra.plugin.core.execution.Fail, condition: "{{ inputs.number == 3 }}"}]
outputs: [{id: said, type: INT, value: "{{ inputs.number }}"}]
"""


PATIENT_CHILD = """
id: patient
namespace: company.team
tasks:
  - {id: p, type: io.kestra.plugin.core.flow.Pause}
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: done}
"""
"""It waits for a person."""

CHILDREN = (CHILD, PATIENT_CHILD)
CHILD_IDS = frozenset({"child", "patient"})

NESTED = (
    *("sequential", "parallel", "if", "switch", "foreach", "foreach", "each", "directory", "items"),
    *("dag", "pause", "pause", "wait_for", "subflow", "subflow"),
)


class FlowDice:
    """
    Builds one flow from its dice; ids count up, so they are unique.

    `is_racy`: how it ends may depend on what happens first, for example a timeout or a slot.
    """

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.count = 0
        self.is_racy = False

    def flow(self) -> dict[str, Any]:
        flow: dict[str, Any] = {"id": "random", "namespace": "company.team", "tasks": self.tasks(0, 3)}
        flow |= self._wishes()
        if self.dice.random() < 0.3:
            flow["errors"] = self.tasks(DEPTH_MAX, 2)
        if self.dice.random() < 0.2:
            flow["finally"] = self.tasks(DEPTH_MAX, 1)
        if self.dice.random() < 0.2:
            flow["afterExecution"] = self.tasks(DEPTH_MAX, 1)
        return flow

    def _wishes(self) -> dict[str, Any]:
        """Return what a flow wants as a whole: retries, limits, promises."""
        wishes: dict[str, Any] = {}
        if self.dice.random() < 0.15:
            wishes["retry"] = {"type": "constant", "interval": "PT5S", "maxAttempt": 2}
            if self.dice.random() < 0.5:
                wishes["retry"]["behavior"] = "CREATE_NEW_EXECUTION"
                self.is_racy = True
        if self.dice.random() < 0.15:
            behavior = self.dice.choice(["QUEUE", "QUEUE", "CANCEL", "FAIL"])
            wishes["concurrency"] = {"limit": self.dice.choice([1, 2]), "behavior": behavior}
            self.is_racy = True
        if self.dice.random() < 0.05:
            behavior = self.dice.choice(["FAIL", "CANCEL", "NONE"])
            wishes["sla"] = [{"id": "s", "type": "MAX_DURATION", "duration": "PT10S", "behavior": behavior}]
            self.is_racy = True
        return wishes

    def tasks(self, depth: int, most: int) -> list[dict[str, Any]]:
        return [self.task(depth) for _ in range(self.dice.randint(1, most))]

    def task(self, depth: int) -> dict[str, Any]:
        self.count += 1
        own: dict[str, Any] = {"id": f"t{self.count}"}
        kinds = ["return", "return", "log", "fail"]
        if depth < DEPTH_MAX:
            kinds += NESTED
        if self.dice.random() < 0.02:
            kinds = ["sleep"]
        own |= getattr(self, f"_{self.dice.choice(kinds)}")(depth)
        if self.dice.random() < 0.1:
            own["allowFailure"] = True
        if self.dice.random() < 0.08:
            own["runIf"] = self.dice.choice(["{{ false }}", "{{ execution.id is defined }}", "{{ missing }}"])
        if self.dice.random() < 0.05:
            own["disabled"] = True
        return own

    def _return(self, _depth: int) -> dict[str, Any]:
        return {"type": f"{CORE}.debug.Return", "format": "{{ taskrun.id }} {{ parents | length }}"}

    def _log(self, _depth: int) -> dict[str, Any]:
        return {"type": f"{CORE}.log.Log", "message": "{{ task.id }}"}

    def _fail(self, _depth: int) -> dict[str, Any]:
        task: dict[str, Any] = {"type": f"{CORE}.execution.Fail"}
        if self.dice.random() < 0.5:
            task["condition"] = "{{ taskrun.attemptsCount < 1 }}"
        if self.dice.random() < 0.6:
            task["retry"] = {"type": "constant", "interval": "PT5S", "maxAttempt": self.dice.randint(1, 3)}
        return task

    def _sleep(self, _depth: int) -> dict[str, Any]:
        """In real time; its timeout may come first."""
        self.is_racy = True
        return {"type": f"{CORE}.flow.Sleep", "duration": "PT0.004S", "timeout": self.dice.choice(["PT0.001S", "PT9S"])}

    def _pause(self, depth: int) -> dict[str, Any]:
        task: dict[str, Any] = {"type": f"{CORE}.flow.Pause"}
        ending = self.dice.random()
        if ending < 0.4:
            task["delay"] = "PT3S"
        elif ending < 0.55:
            task["timeout"] = "PT7S"
            self.is_racy = True
        if self.dice.random() < 0.2:
            task["tasks"] = self.tasks(depth + 1, 2)
        return task

    def _wait_for(self, depth: int) -> dict[str, Any]:
        rounds = self.dice.randint(1, 3)
        task = {
            "type": f"{CORE}.flow.WaitFor",
            "condition": self.dice.choice(
                [f"{{{{ outputs.t{self.count}.iterationCount >= {rounds} }}}}", "{{ false }}", "{{ missing }}"]
            ),
            "failOnMaxReached": self.dice.random() < 0.5,
            "checkFrequency": {"maxIterations": self.dice.randint(1, 3), "interval": "PT2S"},
            "tasks": self.tasks(depth + 1, 2),
        }
        return self._with_errors(task)

    def _subflow(self, _depth: int) -> dict[str, Any]:
        called: dict[str, Any] = {"flowId": "child", "inputs": {"number": self.dice.randint(1, 3)}}
        if self.dice.random() < 0.3:
            called = {"flowId": "patient"}
        task = {
            "type": f"{CORE}.flow.Subflow",
            "namespace": "company.team",
            **called,
            "wait": self.dice.random() < 0.8,
            "transmitFailed": self.dice.random() < 0.7,
        }
        if self.dice.random() < 0.3:
            task["retry"] = {"type": "constant", "interval": "PT5S", "maxAttempt": 2}
        return task

    def _dag(self, depth: int) -> dict[str, Any]:
        tasks = self.tasks(depth + 1, 4)
        entries = [
            {"task": task, "dependsOn": [before["id"] for before in tasks[:at] if self.dice.random() < 0.4]}
            for at, task in enumerate(tasks)
        ]
        task = {"type": f"{CORE}.flow.Dag", "tasks": entries, "concurrent": self.dice.choice([0, 1, 2])}
        return self._with_errors(task)

    def _sequential(self, depth: int) -> dict[str, Any]:
        return self._with_errors({"type": f"{CORE}.flow.Sequential", "tasks": self.tasks(depth + 1, 3)})

    def _parallel(self, depth: int) -> dict[str, Any]:
        task = {
            "type": f"{CORE}.flow.Parallel",
            "tasks": self.tasks(depth + 1, 4),
            "concurrent": self.dice.choice([0, 1, 2]),
        }
        return self._with_errors(task)

    def _if(self, depth: int) -> dict[str, Any]:
        task: dict[str, Any] = {
            "type": f"{CORE}.flow.If",
            "condition": self.dice.choice(["{{ true }}", "{{ false }}"]),
            "then": self.tasks(depth + 1, 2),
        }
        if self.dice.random() < 0.5:
            task["else"] = self.tasks(depth + 1, 2)
        return task

    def _switch(self, depth: int) -> dict[str, Any]:
        return {
            "type": f"{CORE}.flow.Switch",
            "value": self.dice.choice(["a", "b", "c"]),
            "cases": {"a": self.tasks(depth + 1, 2)},
            "defaults": self.tasks(depth + 1, 1),
        }

    def _foreach(self, depth: int) -> dict[str, Any]:
        return {
            "type": f"{CORE}.flow.ForEach",
            "values": [f"v{number}" for number in range(self.dice.randint(0, 4))],
            "concurrencyLimit": self.dice.choice([0, 1, 2]),
            "tasks": self.tasks(depth + 1, 2),
        }

    def _each(self, depth: int) -> dict[str, Any]:
        return {
            "type": f"{CORE}.flow.EachParallel",
            "value": '["x", "y"]',
            "tasks": self.tasks(depth + 1, 2),
        }

    def _directory(self, _depth: int) -> dict[str, Any]:
        return self._with_errors(
            {
                "type": f"{CORE}.flow.WorkingDirectory",
                "tasks": self.inner_tasks(),
                "inputFiles": {"a.txt": "{{ flow.id }}"},
            }
        )

    def _items(self, _depth: int) -> dict[str, Any]:
        """Over a file that the world holds; the third batch fails."""
        return self._with_errors(
            {
                "type": f"{CORE}.flow.ForEachItem",
                "items": ITEMS,
                "batch": {"rows": self.dice.choice([1, 2, 4])},
                "namespace": "company.team",
                "flowId": "child",
                "wait": self.dice.random() < 0.8,
                "transmitFailed": self.dice.random() < 0.5,
                "inputs": {"number": "{{ taskrun.iteration }}"},
            }
        )

    def inner_tasks(self) -> list[dict[str, Any]]:
        tasks = self.tasks(DEPTH_MAX, 3)
        for task in tasks:
            task.pop("retry", None)  # the worker itself would wait for it, in real time
        return tasks

    def _with_errors(self, task: dict[str, Any]) -> dict[str, Any]:
        if self.dice.random() < 0.3:
            task["errors"] = self.tasks(DEPTH_MAX, 2)
        return task
