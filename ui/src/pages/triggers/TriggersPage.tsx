/** What starts executions without a person, as flows declare it; and, said plainly, what of it does not start anything yet. */
import { useQuery } from "@tanstack/react-query";
import { CalendarClock, GitBranch, Globe, Info, type LucideIcon, Webhook } from "lucide-react";
import { useMemo } from "react";
import { Link } from "react-router";
import { API, get } from "~/api/client";
import type { Flow, FlowTrigger } from "~/api/flows";
import type { Paged } from "~/api/types";
import { executionsLink, flowLink, namespaceLink } from "~/app/links";
import type { Column } from "~/parts/columns";
import { CopyButton } from "~/parts/Id";
import { Card, Page } from "~/parts/Page";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { quoted } from "~/parts/query";
import { SearchField } from "~/parts/SearchField";
import { VirtualTable } from "~/parts/VirtualTable";
import { useText } from "~/url/search";
import css from "./Triggers.module.css";

const FLOWS_MAX = 1_000;

interface Row {
  flow: Flow;
  trigger: FlowTrigger;
  kind: Kind;
}

type Kind = "schedule" | "webhook" | "flow" | "other";
const KINDS: Record<Kind, { title: string; icon: LucideIcon; fires: boolean }> = {
  webhook: { title: "Webhook", icon: Webhook, fires: true },
  schedule: { title: "Schedule", icon: CalendarClock, fires: false },
  flow: { title: "Flow", icon: GitBranch, fires: false },
  other: { title: "Polling", icon: Globe, fires: false },
};

const idOf = (row: Row) => `${row.flow.namespace}/${row.flow.id}/${row.trigger.id}`;
const linkOf = (row: Row) => flowLink(row.flow.namespace, row.flow.id);

const COLUMNS: readonly Column<Row>[] = [
  { id: "trigger", title: "Trigger", width: 150, grow: 1, primary: true, cell: (row) => row.trigger.id },
  {
    id: "kind",
    title: "Kind",
    width: 112,
    cell: ({ kind }) => {
      const { title, icon: Icon } = KINDS[kind];
      return (
        <span className={css.kind}>
          <Icon size={14} aria-hidden /> {title}
        </span>
      );
    },
  },
  { id: "state", title: "Starts executions", width: 134, cell: (row) => <Fires row={row} /> },
  { id: "what", title: "When", width: 280, grow: 4, cell: (row) => <What row={row} /> },
  {
    id: "flow",
    title: "Flow",
    width: 130,
    grow: 1,
    cell: ({ flow }) => <Link to={flowLink(flow.namespace, flow.id)}>{flow.id}</Link>,
  },
  {
    id: "namespace",
    title: "Namespace",
    width: 130,
    grow: 1,
    cell: ({ flow }) => <Link to={namespaceLink(flow.namespace)}>{flow.namespace}</Link>,
  },
  {
    id: "started",
    title: "",
    width: 110,
    cell: ({ flow, trigger }) => (
      <Link to={executionsLink(`flow:${flow.id} namespace:${flow.namespace} trigger:${quoted(trigger.id)}`)}>
        Executions
      </Link>
    ),
  },
];
const SHOWN = COLUMNS.map((column) => column.id);

export function Component() {
  const [q, setQ] = useText("q");
  const [kind, setKind] = useText("kind");
  const flows = useQuery({
    queryKey: ["flows", "search", "with triggers"],
    queryFn: ({ signal }) => get<Paged<Flow>>("/flows/search", { size: FLOWS_MAX, sort: "id:asc" }, signal),
  });
  const all = useMemo(
    () =>
      (flows.data?.results ?? []).flatMap((flow) => (flow.triggers ?? []).map((each) => rowOf(flow, each))),
    [flows.data],
  );
  const rows = useMemo(() => {
    const words = q.toLowerCase();
    return all.filter(
      (row) =>
        (kind === "" || row.kind === kind) &&
        `${idOf(row)} ${row.trigger.type}`.toLowerCase().includes(words),
    );
  }, [all, q, kind]);
  const silent = all.some((row) => !KINDS[row.kind].fires);
  return (
    <Page title="Triggers" note={flows.data && <span>{all.length.toLocaleString()}</span>}>
      {silent && (
        <p className={css.note} role="note">
          <Info size={15} aria-hidden />
          <span>
            There is no scheduler yet: <b>schedules, flow triggers and polling triggers start nothing</b>.
            They are kept and checked, and will start executions once it is there. Webhooks work.
          </span>
        </p>
      )}
      <div className={css.bar}>
        <SearchField
          label="Search triggers"
          value={q}
          onValue={setQ}
          placeholder="Trigger, flow, namespace or type"
        />
        <select aria-label="Kind" value={kind} onChange={(event) => setKind(event.target.value)}>
          <option value="">All kinds</option>
          {Object.entries(KINDS).map(([id, { title }]) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </div>
      <Card fill label="Triggers">
        {flows.isPending ? (
          <Loading what="triggers" />
        ) : flows.isError ? (
          <ErrorBox error={flows.error} retry={() => void flows.refetch()} />
        ) : (
          <VirtualTable
            label="Triggers"
            columns={COLUMNS}
            shown={SHOWN}
            rows={rows}
            idOf={idOf}
            linkOf={linkOf}
            empty={
              all.length > 0 ? (
                <Empty title="No trigger matches" />
              ) : (
                <Empty title="No flow has a trigger" action={<Link to="/flows">To the flows</Link>}>
                  A flow names its triggers under <code>triggers:</code>; a Webhook gives it an address that
                  starts it.
                </Empty>
              )
            }
          />
        )}
      </Card>
    </Page>
  );
}

function rowOf(flow: Flow, trigger: FlowTrigger): Row {
  const name = trigger.type.split(".").at(-1) ?? "";
  const kind: Kind =
    name === "Webhook"
      ? "webhook"
      : name.startsWith("Schedule")
        ? "schedule"
        : name === "Flow" && trigger.type.includes("trigger")
          ? "flow"
          : "other";
  return { flow, trigger, kind };
}

function Fires({ row: { flow, trigger, kind } }: { row: Row }) {
  if (trigger.disabled) return <span className={css.off}>disabled</span>;
  if (flow.disabled) return <span className={css.off}>flow is disabled</span>;
  return KINDS[kind].fires ? (
    <span className={css.on}>when called</span>
  ) : (
    <span className={css.not}>not yet</span>
  );
}

function What({ row: { flow, trigger, kind } }: { row: Row }) {
  if (kind === "webhook") {
    const url = `${window.location.origin}${API}/executions/webhook/${flow.namespace}/${flow.id}/${String(trigger.key)}`;
    return (
      <span className={css.url}>
        <code title={url}>{url}</code> <CopyButton text={url} what="the address" />
      </span>
    );
  }
  if (kind === "schedule") {
    const dates = Array.isArray(trigger.dates) ? (trigger.dates as readonly unknown[]) : null;
    return dates ? (
      <code>{dates.map(String).join(", ")}</code>
    ) : (
      <>
        <code>{String(trigger.cron ?? "")}</code>{" "}
        <span className={css.zone}>{trigger.timezone ? String(trigger.timezone) : "the server's zone"}</span>
      </>
    );
  }
  if (kind === "flow") {
    const conditions = [trigger.conditions, trigger.preconditions].filter((each) => each !== undefined);
    return <code title={JSON.stringify(conditions, null, 2)}>{flowWords(trigger)}</code>;
  }
  return (
    <>
      <code>{trigger.type.split(".").slice(-2).join(".")}</code>{" "}
      {trigger.interval !== undefined && <span className={css.zone}>every {String(trigger.interval)}</span>}
    </>
  );
}

/** Which executions a flow trigger waits for, in short. */
function flowWords(trigger: FlowTrigger): string {
  const told: string[] = [];
  const look = (value: unknown) => {
    if (Array.isArray(value)) for (const each of value) look(each);
    else if (typeof value === "object" && value !== null) {
      const { namespace, flowId } = value as { namespace?: unknown; flowId?: unknown };
      if (namespace !== undefined || flowId !== undefined)
        told.push([namespace, flowId].filter((each) => each !== undefined).join("."));
      else for (const each of Object.values(value)) look(each);
    }
  };
  look([trigger.conditions, trigger.preconditions]);
  return told.length === 0 ? "after executions" : `after ${told.join(", ")}`;
}
