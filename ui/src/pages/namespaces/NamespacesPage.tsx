/** All namespaces as a tree, with how the last week went in each. */
import { useQuery } from "@tanstack/react-query";
import { Boxes, Folder } from "lucide-react";
import { useMemo } from "react";
import { Link } from "react-router";
import { get } from "~/api/client";
import { type Namespace, useNamespaceTree } from "~/api/namespaces";
import type { GroupFigures, Statistics } from "~/api/types";
import { executionsLink, namespaceLink } from "~/app/links";
import type { Column } from "~/parts/columns";
import { Card, Page } from "~/parts/Page";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { SearchField } from "~/parts/SearchField";
import { VirtualTable } from "~/parts/VirtualTable";
import { useText } from "~/url/search";
import css from "./Namespaces.module.css";

interface Row extends Namespace {
  depth: number;
  figures?: GroupFigures;
}

const LAST_WEEK = { groupBy: "namespace", size: 1000, timeRange: "P7D" };
const idOf = (row: Row) => row.id;
const linkOf = (row: Row) => namespaceLink(row.id);

const COLUMNS: readonly Column<Row>[] = [
  { id: "name", title: "Namespace", width: 260, grow: 3, primary: true, cell: (row) => <Name row={row} /> },
  {
    id: "count",
    title: "Executions in 7 days",
    width: 160,
    align: "end",
    cell: ({ id, figures }) =>
      figures ? (
        <Link to={executionsLink(`namespace:${id}`, { timeRange: "P7D" })}>
          {figures.count.toLocaleString()}
        </Link>
      ) : (
        "–"
      ),
  },
  {
    id: "failed",
    title: "Failed",
    width: 100,
    align: "end",
    cell: ({ id, figures }) =>
      figures && figures.failed > 0 ? (
        <Link className={css.bad} to={executionsLink(`namespace:${id} state:FAILED`, { timeRange: "P7D" })}>
          {figures.failed.toLocaleString()}
        </Link>
      ) : (
        (figures?.failed ?? "–")
      ),
  },
  {
    id: "links",
    title: "",
    width: 190,
    grow: 1,
    cell: ({ id }) => (
      <span className={css.links}>
        <Link to={`${namespaceLink(id)}?tab=kv`}>Key-value pairs</Link>
        <Link to={`${namespaceLink(id)}?tab=files`}>Files</Link>
      </span>
    ),
  },
];
const SHOWN = COLUMNS.map((column) => column.id);

export function Component() {
  const [q, setQ] = useText("q");
  const found = useNamespaceTree(q);
  const figures = useQuery({
    queryKey: ["executions", "statistics", LAST_WEEK],
    queryFn: ({ signal }) => get<Statistics>("/executions/statistics", LAST_WEEK, signal),
    staleTime: 20_000,
  });
  const rows = useMemo(() => {
    const by = new Map(figures.data?.groups.map((group) => [group.key.namespace, group]));
    return (found.data?.results ?? []).map((each): Row => {
      return { ...each, depth: q === "" ? each.id.split(".").length - 1 : 0, figures: by.get(each.id) };
    });
  }, [found.data, figures.data, q]);
  return (
    <Page title="Namespaces" note={found.data && <span>{found.data.total.toLocaleString()}</span>}>
      <SearchBar q={q} onQ={setQ} />
      <Card fill label="Namespaces">
        {found.isPending ? (
          <Loading what="namespaces" />
        ) : found.isError ? (
          <ErrorBox error={found.error} retry={() => void found.refetch()} />
        ) : (
          <VirtualTable
            label="Namespaces"
            columns={COLUMNS}
            shown={SHOWN}
            rows={rows}
            idOf={idOf}
            linkOf={linkOf}
            empty={
              q === "" ? (
                <Empty title="No namespaces yet" action={<Link to="/flows/new">Write a flow</Link>}>
                  A namespace is there as soon as a flow is in it.
                </Empty>
              ) : (
                <Empty title={`No namespace has “${q}” in its name`} />
              )
            }
          />
        )}
      </Card>
    </Page>
  );
}

function SearchBar({ q, onQ }: { q: string; onQ: (q: string) => void }) {
  return (
    <div className={css.bar}>
      <SearchField label="Search namespaces" value={q} onValue={onQ} placeholder="A part of the name" />
    </div>
  );
}

function Name({ row }: { row: Row }) {
  const Icon = row.disabled ? Folder : Boxes;
  const name = row.depth > 0 ? row.id.slice(row.id.lastIndexOf(".") + 1) : row.id;
  return (
    <span className={css.name} style={{ paddingLeft: row.depth * 22 }} title={row.id}>
      <Icon size={15} aria-hidden /> {name}
      {row.disabled && <small>no flows of its own</small>}
    </span>
  );
}
