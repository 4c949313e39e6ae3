export const EXAMPLE_NAMESPACE = "company.team";
export const EXAMPLE_ID = "first_steps";

/** Some ten seconds of everything: a wait, a loop, retries, a log. */
export const EXAMPLE = `id: ${EXAMPLE_ID}
namespace: ${EXAMPLE_NAMESPACE}
description: A first look at task runs.

labels:
  made-for: the first visit

tasks:
  - id: prepare
    type: io.kestra.plugin.core.flow.Sleep
    duration: PT1.5S
  - id: each_region
    type: io.kestra.plugin.core.flow.ForEach
    values: ["Europe", "America", "Asia"]
    tasks:
      - id: load
        type: io.kestra.plugin.core.flow.Sleep
        duration: PT1S
      - id: count
        type: io.kestra.plugin.core.debug.Return
        format: "orders of {{ taskrun.value }}"
  - id: shaky
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ taskrun.attemptsCount < 2 }}"
    errorMessage: The warehouse did not answer
    retry:
      type: constant
      interval: PT2S
      maxAttempts: 3
  - id: report
    type: io.kestra.plugin.core.log.Log
    message: "All of {{ outputs.count | length }} regions are loaded"
`;
