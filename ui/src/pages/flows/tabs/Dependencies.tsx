import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { get } from "~/api/client";
import { type Flow, flowPath } from "~/api/flows";
import { flowLink } from "~/app/links";
import { FlowGraph, type FlowGraphJson } from "~/parts/FlowGraph";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";

interface DependenciesJson {
  nodes: readonly { uid: string; namespace: string; id: string }[];
  edges: readonly { source: string; target: string; relation: string }[];
}

const WORDS: Record<string, string> = { FLOW_TASK: "starts", FLOW_TRIGGER: "triggers" };

/** Which flows this one starts, and which start it. A click goes there. */
export function Dependencies({ flow }: { flow: Flow }) {
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["flows", "dependencies", flow.namespace, flow.id, flow.revision],
    queryFn: ({ signal }) => get<DependenciesJson>(`${flowPath(flow)}/dependencies`, {}, signal),
  });
  const graph = useMemo(() => (found.data ? asGraph(found.data) : null), [found.data]);
  if (found.isPending) return <Loading what="the dependencies" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  if (graph === null || found.data.edges.length === 0)
    return (
      <Empty title="This flow stands alone">
        It starts no other flow, and no other flow starts it: no Subflow task and no Flow trigger joins them.
      </Empty>
    );
  const byName = new Map(found.data.nodes.map((node) => [node.uid, node]));
  return (
    <FlowGraph
      graph={graph}
      markedId={`${flow.namespace}.${flow.id}`}
      onTask={(uid) => {
        const node = byName.get(uid);
        if (node) void navigate(`${flowLink(node.namespace, node.id)}?tab=dependencies`);
      }}
    />
  );
}

const asGraph = ({ nodes, edges }: DependenciesJson): FlowGraphJson => ({
  nodes: nodes.map(({ uid }) => ({ uid, type: "GraphTask", task: { id: uid, type: "Flow" } })),
  edges: edges.map(({ source, target, relation }) => ({
    source,
    target,
    relation: { relationType: "CHOICE", value: WORDS[relation] ?? relation },
  })),
  clusters: [],
});
