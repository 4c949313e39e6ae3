/** The graph of a flow; its library comes when one is opened. */
import { lazy, Suspense } from "react";
import type { FlowGraphProps } from "./FlowGraphDrawn";
import { Loading } from "./Placeholders";

const Drawn = lazy(() => import("./FlowGraphDrawn"));

export type { FlowGraphJson, NodeState } from "./FlowGraphDrawn";

export function FlowGraph(props: FlowGraphProps) {
  return (
    <Suspense fallback={<Loading what="the graph" />}>
      <Drawn {...props} />
    </Suspense>
  );
}
