import { useQuery } from "@tanstack/react-query";
import { get } from "~/api/client";
import { type Flow, flowPath } from "~/api/flows";
import { FlowGraph, type FlowGraphJson } from "~/parts/FlowGraph";
import { ErrorBox, Loading } from "~/parts/Placeholders";

/** The stored flow as boxes and arrows. */
export function Topology({ flow }: { flow: Flow }) {
  const graph = useQuery({
    queryKey: ["flows", "graph", flow.namespace, flow.id, flow.revision],
    queryFn: ({ signal }) => get<FlowGraphJson>(`${flowPath(flow)}/graph`, {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (graph.isPending) return <Loading what="the graph" />;
  if (graph.isError) return <ErrorBox error={graph.error} retry={() => void graph.refetch()} />;
  return <FlowGraph graph={graph.data} />;
}
