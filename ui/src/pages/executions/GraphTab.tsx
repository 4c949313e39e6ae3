/** The flow of the execution as a graph, each task with how it stands; loops with how many runs are in which state. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { get } from "~/api/client";
import { executionPath } from "~/api/executions";
import { type Execution, hasEnded, type State, type TaskRun } from "~/api/types";
import { FlowGraph, type FlowGraphJson, type NodeState } from "~/parts/FlowGraph";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { useSearchHref, useText } from "~/url/search";

export default function GraphTab({ execution }: { execution: Execution }) {
  const graph = useQuery({
    queryKey: ["executions", "graph", execution.id, execution.flowRevision],
    queryFn: ({ signal }) => get<FlowGraphJson>(`${executionPath(execution.id)}/graph`, {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [openId] = useText("open");
  const navigate = useNavigate();
  const hrefOf = useSearchHref();
  const runs = useMemo(() => runsByTask(execution), [execution]);
  const states = useMemo(() => new Map([...runs].map(([taskId, of]) => [taskId, stateOf(of)])), [runs]);
  const marked = execution.taskRunList?.find((run) => run.id === openId)?.taskId;
  if (graph.isPending) return <Loading what="the graph" />;
  if (graph.isError) return <ErrorBox error={graph.error} retry={() => void graph.refetch()} />;
  return (
    <FlowGraph
      graph={graph.data}
      states={states}
      markedId={marked}
      onTask={(taskId) => {
        const of = runs.get(taskId) ?? [];
        if (of.length === 1) void navigate(hrefOf({ open: of[0]!.id }));
        // Of many: the list of them.
        else if (of.length > 1) void navigate(hrefOf({ tab: null, task: taskId }));
      }}
    />
  );
}

function runsByTask(execution: Execution): Map<string, TaskRun[]> {
  const found = new Map<string, TaskRun[]>();
  for (const run of execution.taskRunList ?? []) {
    const list = found.get(run.taskId);
    if (list === undefined) found.set(run.taskId, [run]);
    else list.push(run);
  }
  return found;
}

function stateOf(runs: readonly TaskRun[]): NodeState {
  const last = runs.at(-1)!;
  const to = hasEnded(last.state.current) ? last.state.endDate : null;
  const one = { state: last.state.current, from: last.state.startDate, to };
  if (runs.length === 1) return one;
  const counts = new Map<State, number>();
  for (const run of runs) counts.set(run.state.current, (counts.get(run.state.current) ?? 0) + 1);
  const worst = WORST.find((state) => counts.has(state));
  return { ...one, state: worst ?? one.state, counts };
}

const WORST: readonly State[] = ["FAILED", "KILLED", "RETRYING", "RUNNING", "PAUSED", "CREATED", "WARNING"];
