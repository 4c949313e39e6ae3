/**
 * A flow as boxes and arrows, placed by dagre, drawn by React Flow. With `states` each task shows how it stands.
 *
 * Flowables are frames around what they hold. A click on a task is the page's affair.
 */
import "@xyflow/react/dist/base.css";
import dagre from "@dagrejs/dagre";
import {
  BaseEdge,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getSmoothStepPath,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import { ArrowDownUp, ArrowLeftRight, Maximize2, Zap, ZoomIn, ZoomOut } from "lucide-react";
import { createContext, useContext, useEffect, useMemo } from "react";
import type { State } from "~/api/types";
import { kept, useStore } from "~/app/store";
import { IconButton } from "./Button";
import css from "./FlowGraph.module.css";
import { StateBadge } from "./StateBadge";
import { lookOf } from "./states";
import { Duration } from "./Time";

interface GraphNode {
  uid: string;
  type: string;
  task?: { id: string; type: string; description?: string; disabled?: boolean };
  trigger?: { id: string; type: string };
  triggerDeclaration?: { disabled?: boolean };
  error?: boolean;
}

/** As the server answers it. */
export interface FlowGraphJson {
  nodes: readonly GraphNode[];
  edges: readonly {
    source: string;
    target: string;
    relation?: { relationType: string; value?: string };
  }[];
  clusters: readonly {
    cluster: { uid: string; taskNode?: GraphNode };
    nodes: readonly string[];
    parents: readonly string[];
    start: string;
    end: string;
  }[];
}

/** How a task stands: the state of its newest run, and of how many runs there are. */
export interface NodeState {
  state: State;
  counts?: ReadonlyMap<State, number>;
  from?: string;
  /** null: it goes on. */
  to?: string | null;
}

export interface FlowGraphProps {
  graph: FlowGraphJson;
  states?: ReadonlyMap<string, NodeState>;
  /** A task that is marked. */
  markedId?: string;
  onTask?: (taskId: string) => void;
}

/** "auto": whichever is shown larger. */
const direction = kept<"auto" | "LR" | "TB">("graph-direction", ["auto", "LR", "TB"], "auto");
const WIDTH = 196;
const HEIGHT = 52;
const HEIGHT_PLAIN = 40;
const DOT = 10;
const PAD = 16;
const HEAD = 24;

interface Shared {
  states: ReadonlyMap<string, NodeState> | undefined;
  markedId: string | undefined;
  onTask: ((taskId: string) => void) | undefined;
}
const Around = createContext<Shared>({ states: undefined, markedId: undefined, onTask: undefined });

export default function FlowGraphDrawn({ graph, states, markedId, onTask }: FlowGraphProps) {
  const wanted = useStore(direction);
  const withStates = states !== undefined;
  const { nodes, edges, towards } = useMemo(
    () => best(graph, wanted, withStates),
    [graph, wanted, withStates],
  );
  const shared = useMemo(() => ({ states, markedId, onTask }), [states, markedId, onTask]);
  return (
    <Around value={shared}>
      <ReactFlowProvider>
        <div className={css.graph}>
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={NODE_TYPES}
            edgeTypes={EDGE_TYPES}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            minZoom={0.1}
            maxZoom={2}
            fitView
            fitViewOptions={FIT}
            onlyRenderVisibleElements={nodes.length > MANY}
          />
          <Tools fitWhen={nodes} towards={towards} />
        </div>
      </ReactFlowProvider>
    </Around>
  );
}

const MANY = 300;
const FIT = { padding: 0.12, maxZoom: 1.15 };

function Tools({ fitWhen, towards }: { fitWhen: readonly Node[]; towards: "LR" | "TB" }) {
  const flow = useReactFlow();
  // biome-ignore lint/correctness/useExhaustiveDependencies: other boxes, another view
  useEffect(() => {
    const timer = requestAnimationFrame(() => void flow.fitView(FIT));
    return () => cancelAnimationFrame(timer);
  }, [fitWhen]);
  return (
    <div className={css.tools} role="toolbar" aria-label="Graph">
      <IconButton small label="Zoom in" onPress={() => void flow.zoomIn()}>
        <ZoomIn size={14} />
      </IconButton>
      <IconButton small label="Zoom out" onPress={() => void flow.zoomOut()}>
        <ZoomOut size={14} />
      </IconButton>
      <IconButton small label="Fit" onPress={() => void flow.fitView(FIT)}>
        <Maximize2 size={13} />
      </IconButton>
      <IconButton
        small
        label={towards === "LR" ? "From top to bottom" : "From left to right"}
        onPress={() => direction.set(towards === "LR" ? "TB" : "LR")}
      >
        {towards === "LR" ? <ArrowDownUp size={14} /> : <ArrowLeftRight size={14} />}
      </IconButton>
    </div>
  );
}

type Data = { node: GraphNode; isSide: boolean; [name: string]: unknown };

function Ends({ isSide }: { isSide: boolean }) {
  return (
    <>
      <Handle type="target" position={isSide ? Position.Left : Position.Top} className={css.handle} />
      <Handle type="source" position={isSide ? Position.Right : Position.Bottom} className={css.handle} />
    </>
  );
}

function TaskNode({ data }: NodeProps<Node<Data>>) {
  const { states, markedId, onTask } = useContext(Around);
  const { node, isSide } = data;
  const task = node.task ?? node.trigger;
  const id = task?.id ?? node.uid;
  const found = states?.get(id);
  const kind = task?.type.split(".").at(-1);
  const content = (
    <>
      <span className={css.title}>
        {node.trigger && <Zap size={12} aria-hidden />}
        {id}
      </span>
      <span className={css.kind}>
        {found ? (
          <>
            {found.counts && found.counts.size > 0 ? (
              <Counts counts={found.counts} />
            ) : (
              <StateBadge state={found.state} plain />
            )}
            {found.from && !found.counts && <Duration from={found.from} to={found.to} />}
          </>
        ) : (
          kind
        )}
      </span>
      <Ends isSide={isSide} />
    </>
  );
  const look = {
    className: css.task,
    "data-hue": found ? lookOf(found.state).hue : undefined,
    "data-waits": (states !== undefined && found === undefined) || undefined,
    "data-error": node.error || undefined,
    "data-disabled": node.task?.disabled || node.triggerDeclaration?.disabled || undefined,
    "data-marked": markedId === id || undefined,
    title: [task?.type, node.task?.description].filter(Boolean).join("\n"),
  };
  return onTask && node.task ? (
    <button type="button" {...look} onClick={() => onTask(id)}>
      {content}
    </button>
  ) : (
    <div {...look}>{content}</div>
  );
}

function Counts({ counts }: { counts: ReadonlyMap<State, number> }) {
  return [...counts].map(([state, count]) => {
    const { hue, icon: Icon } = lookOf(state);
    return (
      <span key={state} className={css.count} data-hue={hue} title={`${count} ${state}`}>
        <Icon size={11} strokeWidth={2.5} aria-hidden /> {count.toLocaleString()}
        <span className="visually-hidden"> {state}</span>
      </span>
    );
  });
}

function DotNode({ data }: NodeProps<Node<Data>>) {
  return (
    <div className={css.dot}>
      <Ends isSide={data.isSide} />
    </div>
  );
}

function FrameNode({ data }: NodeProps<Node<Data>>) {
  return (
    <div className={css.frame}>
      <span>{String(data.title)}</span>
    </div>
  );
}

function LineEdge(props: EdgeProps<Edge<{ words?: string; isError?: boolean }>>) {
  const [path, x, y] = getSmoothStepPath({ ...props, borderRadius: 8 });
  const { data, id } = props;
  return (
    <>
      <BaseEdge id={id} path={path} className={data?.isError ? css.errorLine : css.line} />
      {data?.words && (
        <EdgeLabelRenderer>
          <span
            className={css.words}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          >
            {data.words}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

const NODE_TYPES = { task: TaskNode, dot: DotNode, frame: FrameNode };
const EDGE_TYPES = { line: LineEdge };

type Placed = { nodes: Node<Data>[]; edges: Edge[]; towards: "LR" | "TB" };

function best(graph: FlowGraphJson, wanted: "auto" | "LR" | "TB", withStates: boolean): Placed {
  if (wanted !== "auto") return placed(graph, wanted, withStates);
  const side = placed(graph, "LR", withStates);
  if (shownAs(side) >= READABLE) return side;
  const down = placed(graph, "TB", withStates);
  return shownAs(down) > shownAs(side) * 1.1 ? down : side;
}
const READABLE = 0.8;
const AROUND_PX = { width: 300, height: 280 };

/** How large it would be in this window, roughly. */
function shownAs({ nodes }: Placed): number {
  const boxes = nodes.map(boxOf);
  const width = Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
  const height = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top));
  return Math.min(
    (window.innerWidth - AROUND_PX.width) / width,
    (window.innerHeight - AROUND_PX.height) / height,
  );
}

/** Where everything stands. */
function placed(graph: FlowGraphJson, towards: "LR" | "TB", withStates: boolean): Placed {
  const layout = new dagre.graphlib.Graph({ compound: true, multigraph: true });
  layout.setGraph({ rankdir: towards, nodesep: 26, ranksep: 34, marginx: 8, marginy: 8 });
  layout.setDefaultEdgeLabel(() => ({}));
  const isSide = towards === "LR";
  const boxed = (node: GraphNode) => node.task !== undefined || node.trigger !== undefined;
  const height = withStates ? HEIGHT : HEIGHT_PLAIN;
  const owner = new Map<string, string>();
  for (const { cluster, nodes, parents } of graph.clusters) {
    layout.setNode(cluster.uid, {});
    const parent = parents.at(-1);
    if (parent !== undefined) owner.set(cluster.uid, parent);
    for (const uid of nodes) owner.set(uid, cluster.uid);
  }
  for (const node of graph.nodes) {
    const size = boxed(node) ? { width: WIDTH, height } : { width: DOT, height: DOT };
    layout.setNode(node.uid, { ...size });
  }
  for (const [uid, parent] of owner) if (layout.hasNode(parent)) layout.setParent(uid, parent);
  for (const [at, { source, target, relation }] of graph.edges.entries())
    layout.setEdge(source, target, roomFor(wordsOf(relation)), String(at));
  dagre.layout(layout);

  const nodes: Node<Data>[] = [];
  for (const node of graph.nodes) {
    const { x, y, width, height: tall } = layout.node(node.uid);
    nodes.push({
      id: node.uid,
      type: boxed(node) ? "task" : "dot",
      position: { x: x - width / 2, y: y - tall / 2 },
      width,
      height: tall,
      data: { node, isSide },
    });
  }
  const frames = graph.clusters.map(({ cluster, nodes: own, parents }) => ({ cluster, own, parents }));
  // The inner ones first: an outer frame goes around them.
  const boxes = new Map(nodes.map((node) => [node.id, boxOf(node)]));
  for (const { cluster, own } of frames.toSorted((one, other) => other.parents.length - one.parents.length)) {
    const inside = [
      ...own,
      ...frames.filter((each) => each.parents.at(-1) === cluster.uid).map((each) => each.cluster.uid),
    ].flatMap((uid) => boxes.get(uid) ?? []);
    if (inside.length === 0) continue;
    const left = Math.min(...inside.map((box) => box.left)) - PAD;
    const top = Math.min(...inside.map((box) => box.top)) - PAD - HEAD / 2;
    const right = Math.max(...inside.map((box) => box.right)) + PAD;
    const bottom = Math.max(...inside.map((box) => box.bottom)) + PAD;
    boxes.set(cluster.uid, { left, top, right, bottom });
  }
  const framed: Node<Data>[] = frames.flatMap(({ cluster, parents }) => {
    const box = boxes.get(cluster.uid);
    if (box === undefined) return [];
    const title = cluster.taskNode?.task?.id ?? cluster.uid.replace(/^cluster\./, "");
    return {
      id: cluster.uid,
      type: "frame",
      position: { x: box.left, y: box.top },
      width: box.right - box.left,
      height: box.bottom - box.top,
      zIndex: parents.length - 100,
      data: { node: cluster.taskNode ?? { uid: cluster.uid, type: "" }, isSide, title },
    };
  });
  const edges: Edge[] = graph.edges.map(({ source, target, relation }, at) => ({
    id: String(at),
    type: "line",
    source,
    target,
    data: { words: wordsOf(relation), isError: relation?.relationType === "ERROR" },
  }));
  return { nodes: [...framed, ...nodes], edges, towards };
}

/** Words on an arrow need their place between the boxes. */
const roomFor = (words: string | undefined) =>
  words === undefined ? {} : { width: words.length * 7 + 12, height: 16, labelpos: "c" };

function wordsOf(relation: { relationType: string; value?: string } | undefined): string | undefined {
  if (relation?.relationType === "ERROR") return "on error";
  return relation?.relationType === "CHOICE" ? relation.value : undefined;
}

const boxOf = (node: Node) => ({
  left: node.position.x,
  top: node.position.y,
  right: node.position.x + (node.width ?? 0),
  bottom: node.position.y + (node.height ?? 0),
});
