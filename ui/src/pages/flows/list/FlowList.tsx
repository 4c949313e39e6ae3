/** The table of flows, with the newest execution of each and how the last days went. */
import { useCallback, useMemo, useState } from "react";
import { Link } from "react-router";
import {
  type Flow,
  type FoundFlow,
  keyOf,
  type LatestExecution,
  useFlows,
  useLatest,
  useTrends,
} from "~/api/flows";
import { executionLink, flowLink, namespaceLink } from "~/app/links";
import { BulkBar } from "~/parts/BulkBar";
import { Button } from "~/parts/Button";
import { type Column, defaultColumns } from "~/parts/columns";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Ago } from "~/parts/Time";
import { VirtualTable } from "~/parts/VirtualTable";
import { type Sort, sortText, useSearch, useSort } from "~/url/search";
import { FlowActions } from "./FlowActions";
import css from "./FlowList.module.css";
import { Trend } from "./Trend";

const DAYS = 7;
const BY_ID = { field: "id", descending: false };
const idOf = (row: Row) => keyOf(row.flow);
const linkOf = (row: Row) => flowLink(row.flow.namespace, row.flow.id);

interface Row extends FoundFlow {
  latest?: LatestExecution;
  days?: readonly { startDate: string; executionCounts: Record<string, number> }[];
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "id",
    title: "Flow",
    width: 200,
    grow: 2,
    sort: "id",
    primary: true,
    cell: (row) => <Name row={row} />,
  },
  {
    id: "namespace",
    title: "Namespace",
    width: 140,
    grow: 1,
    sort: "namespace",
    cell: ({ flow }) => <Link to={namespaceLink(flow.namespace)}>{flow.namespace}</Link>,
  },
  {
    id: "latest",
    title: "Last execution",
    width: 132,
    cell: ({ latest }) =>
      latest ? (
        <Link to={executionLink(latest.id)} className={css.state}>
          <StateBadge state={latest.status} />
        </Link>
      ) : (
        <span className={css.never}>never ran</span>
      ),
  },
  {
    id: "date",
    title: "Started",
    width: 96,
    cell: ({ latest }) => (latest ? <When at={latest.startDate} /> : null),
  },
  {
    id: "trend",
    title: `Last ${DAYS} days`,
    width: 190,
    cell: ({ flow, days }) => <Trend flow={flow} days={days} />,
  },
  { id: "labels", title: "Labels", width: 140, grow: 1, cell: ({ flow }) => <Labels flow={flow} /> },
  {
    id: "revision",
    title: "Revision",
    width: 84,
    sort: "revision",
    downFirst: true,
    align: "end",
    cell: ({ flow }) => flow.revision,
  },
  {
    id: "updated",
    title: "Changed",
    width: 100,
    sort: "updated",
    downFirst: true,
    cell: ({ flow }) => (flow.updated ? <When at={flow.updated} /> : null),
  },
];
const SHOWN = defaultColumns(COLUMNS);
const IN_NAMESPACE = SHOWN.filter((id) => id !== "namespace");

interface Props {
  q?: string;
  namespace: string;
  label?: string;
  inSource?: boolean;
  /** On a namespace's own page. */
  own?: boolean;
}

export function FlowList({ q = "", namespace, label = "", inSource = false, own = false }: Props) {
  const [, change] = useSearch();
  const [sort, setSort] = useSort(BY_ID);
  const labels = label.includes(":") ? label : undefined;
  const params = useMemo(
    () => ({ q, namespace, labels, sort: sortText(sort) }),
    [q, namespace, labels, sort],
  );
  const list = useFlows(params, inSource);
  const found = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? [], [list.data]);
  const rows = useRowsOf(found);
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  const clear = useCallback(() => setSelection(new Set()), []);
  const chosen = useMemo(
    () => rows.filter((row) => selection.has(idOf(row))).map((row) => row.flow),
    [rows, selection],
  );
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);

  if (list.isPending) return <Loading what="flows" lines={12} />;
  if (list.isError) return <ErrorBox error={list.error} retry={() => void list.refetch()} />;
  const total = list.data.pages[0]?.total ?? 0;
  const filtered = q !== "" || label !== "" || (namespace !== "" && !own);
  return (
    <>
      <VirtualTable
        label="Flows"
        columns={COLUMNS}
        shown={own ? IN_NAMESPACE : SHOWN}
        rows={rows}
        idOf={idOf}
        linkOf={linkOf}
        sort={sort}
        onSort={(next: Sort) => setSort(next)}
        selection={selection}
        onSelection={setSelection}
        onEnd={onEnd}
        total={total}
        rowHeight={inSource && q !== "" ? 52 : 34}
        empty={
          filtered ? (
            <Empty
              title="No flow matches"
              action={
                <Button onPress={() => change({ q: null, namespace: null, labels: null, in: null })}>
                  Show all flows
                </Button>
              }
            >
              Other words, or another namespace?
            </Empty>
          ) : (
            <Empty title="There are no flows yet" action={<Link to="/flows/new">Write the first one</Link>}>
              A flow says what runs, in YAML. Write one here, or import files.
            </Empty>
          )
        }
        foot={total > 0 ? (total === 1 ? "1 flow" : `${total.toLocaleString()} flows`) : undefined}
      />
      {selection.size > 0 && (
        <BulkBar count={selection.size} onClear={clear}>
          <FlowActions flows={chosen} onDone={clear} />
        </BulkBar>
      )}
    </>
  );
}

function useRowsOf(found: readonly FoundFlow[]): readonly Row[] {
  const names = useMemo(() => found.map(({ flow }) => flow), [found]);
  const latest = useLatest(names);
  const trends = useTrends(names, DAYS);
  return useMemo(
    () =>
      found.map((each) => ({
        ...each,
        latest: latest.data?.get(keyOf(each.flow)),
        days: trends.data?.get(keyOf(each.flow)) as Row["days"],
      })),
    [found, latest.data, trends.data],
  );
}

function Name({ row: { flow, fragments } }: { row: Row }) {
  return (
    <>
      {flow.id}
      {flow.disabled && <span className={css.off}>disabled</span>}
      {flow.exception !== undefined && (
        <span className={css.broken} title={flow.exception}>
          not valid
        </span>
      )}
      {fragments.length > 0 ? (
        <code className={css.fragment} title={fragments.join("\n")}>
          {fragments[0]}
          {fragments.length > 1 && ` … ${fragments.length - 1} more`}
        </code>
      ) : (
        flow.description && <span className={css.about}>{flow.description}</span>
      )}
    </>
  );
}

/** Roughly; the instant is its title. */
function When({ at }: { at: string }) {
  return (
    <span title={at}>
      <Ago at={at} />
    </span>
  );
}

function Labels({ flow }: { flow: Flow }) {
  return (flow.labels ?? []).map(({ key, value }) => (
    <Link key={key} className={css.label} to={`/flows?labels=${encodeURIComponent(`${key}:${value}`)}`}>
      {key}: {value}
    </Link>
  ));
}
