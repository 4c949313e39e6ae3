"""Real processes, real servers, real deaths: whatever falls, every execution ends once, and all tell the same story."""

from collections.abc import Iterator

import pytest

from runfold.adapters.flow_store import FlowStore
from tests.acceptance.auditor import Auditor
from tests.acceptance.cluster import Cluster
from tests.acceptance.front_doors import Doors
from tests.engine import TYPES
from tests.servers import Kafka

WAVE = 50
JOINED_S = 60.0
RUNNING_S = 60.0
LOST_S = 60.0
ENDS_S = 120.0

FLOW = """
id: three_steps
namespace: company.team
inputs:
  - id: nap
    type: STRING
    defaults: PT0.3S
tasks:
  - id: hello
    type: io.kestra.plugin.core.debug.Return
    format: "{{ execution.id }}"
  - id: nap
    type: io.kestra.plugin.core.flow.Sleep
    duration: "{{ inputs.nap }}"
  - id: goodbye
    type: io.kestra.plugin.core.debug.Return
    format: "{{ outputs.hello.value }}"
"""


@pytest.fixture
def auditor(cluster: Cluster) -> Iterator[Auditor]:
    """Stores the flow, too. The executor has made the topics."""
    cluster.start("executor-1")
    auditor = Auditor(cluster)
    FlowStore(auditor.broker, TYPES).create(FLOW)
    yield auditor
    auditor.close()


def test_whatever_is_killed_every_execution_ends_once_and_the_index_tells_what_the_facts_say(
    cluster: Cluster, auditor: Auditor, kafka: Kafka
) -> None:
    cluster.start("worker-1", "indexer-1", "webserver-1")
    doors = Doors(cluster, auditor.broker)

    ids = doors.ask(WAVE)
    auditor.until(lambda: auditor.running(ids) > 0, RUNNING_S, "the first task runs run")
    cluster.restart("executor-1")

    ids += doors.ask(WAVE, nap="PT2S")
    auditor.until(lambda: auditor.running(ids[WAVE:]) > 0, RUNNING_S, "task runs of the second wave run")
    cluster.restart("worker-1")
    auditor.until(lambda: auditor.lost() > 0, LOST_S, "the worker's death is noticed")

    ids += doors.ask(WAVE)
    auditor.until(lambda: auditor.ended(ids[2 * WAVE :]) > 0, RUNNING_S, "the third wave is under way")
    cluster.restart("indexer-1")

    ids += doors.ask(WAVE)
    auditor.until(lambda: auditor.ended(ids[3 * WAVE :]) > 0, RUNNING_S, "the fourth wave is under way")
    assert auditor.ended(ids) < len(ids)
    kafka.restart()

    auditor.until(lambda: auditor.ended(ids) == len(ids), ENDS_S, "every execution ends")
    assert len(set(ids)) == 4 * WAVE
    auditor.check(ids, faults=4)


def test_executors_and_workers_share_the_work_and_one_that_leaves_is_not_missed(
    cluster: Cluster, auditor: Auditor
) -> None:
    cluster.start("executor-2", "worker-1", "worker-2", "indexer-1")
    doors = Doors(cluster, auditor.broker)
    ids: list[str] = []

    def all_have_joined() -> bool:
        ids.extend(doors.ask_by_topic(1))
        return len(auditor.workers()) == 2 and "restored" in cluster.said("executor-2")

    auditor.until(all_have_joined, JOINED_S, "two executors and two workers share the partitions")
    wave = doors.ask_by_topic(WAVE)
    ids += wave
    auditor.until(lambda: auditor.ended(wave) > 0, RUNNING_S, "the first executions of the wave have ended")
    assert auditor.ended(wave) < len(wave)
    code = cluster.stop("executor-2")

    auditor.until(lambda: auditor.ended(ids) == len(ids), ENDS_S, "every execution ends")
    assert code == 0
    assert cluster.fallen == []
    auditor.check(ids, faults=0)


def test_a_worker_that_is_told_to_end_makes_no_attempt_begin_twice(cluster: Cluster, auditor: Auditor) -> None:
    cluster.start("worker-1", "worker-2", "indexer-1")
    doors = Doors(cluster, auditor.broker)
    ids: list[str] = []

    def both_have_joined() -> bool:
        ids.extend(doors.ask_by_topic(1))
        return len(auditor.workers()) == 2

    auditor.until(both_have_joined, JOINED_S, "two workers share the partitions")
    wave = doors.ask_by_topic(2 * WAVE, nap="PT1S")
    ids += wave
    auditor.until(lambda: auditor.running(wave) >= WAVE, RUNNING_S, "both workers are busy")

    code = cluster.stop("worker-1")

    auditor.until(lambda: auditor.ended(ids) == len(ids), ENDS_S, "every execution ends")
    assert code == 0
    assert cluster.fallen == []
    begun = auditor.starts(set(wave))
    assert {key: workers for key, workers in begun.items() if len(workers) > 1} == {}
    assert len({taskrun_id for taskrun_id, _ in begun}) == len(begun)
    auditor.check(ids, faults=1)
