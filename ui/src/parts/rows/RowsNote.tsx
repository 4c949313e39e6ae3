/** Beside the title of a list: how many there are, what is new, and as of when. */
import { ArrowUp, RefreshCw } from "lucide-react";
import { useState } from "react";
import type { Params } from "~/api/client";
import { type ListKind, PAGE_SIZE, useCount } from "~/api/lists";
import { Button } from "../Button";
import { Instant } from "../Time";
import css from "./Rows.module.css";
import type { Rows } from "./useRows";

interface Props<Row> {
  live: Rows<Row>;
  filter: Params;
  isOpen: boolean;
}

/** So many are told by the stream at most. */
const FRESH_SHOWN_MAX = 5_000;

export function RowsNote<Row>({ live, filter, isOpen }: Props<Row>) {
  const page = live.list.data?.pages[0];
  const isLive = isOpen && live.stream === "open";
  const freshMax = isLive ? FRESH_SHOWN_MAX : PAGE_SIZE;
  const changes = [
    live.fresh > 0 && `${live.fresh.toLocaleString()}${live.fresh >= freshMax ? "+" : ""} new`,
    live.gone.size > 0 && `${live.gone.size.toLocaleString()} gone`,
  ].filter(Boolean);
  return (
    <>
      {page && <Total key={JSON.stringify(filter)} kind={live.of.kind} page={page} filter={filter} />}
      {changes.length > 0 && (
        <Button small kind="primary" onPress={live.show}>
          {live.fresh > 0 ? <ArrowUp size={13} /> : <RefreshCw size={12} />} {changes.join(", ")}
        </Button>
      )}
      {page?.asOf && (
        <span className={css.asOf} data-live={isLive || undefined}>
          <i aria-hidden />
          {isLive ? "live, " : ""}list as of <Instant at={page.asOf.at} clock />
        </span>
      )}
    </>
  );
}

interface Counted {
  total: number;
  totalIsExact?: boolean;
}

export const totalText = ({ total, totalIsExact }: Counted): string =>
  `${total.toLocaleString()}${totalIsExact === false ? "+" : ""}`;

function Total({ kind, page, filter }: { kind: ListKind; page: Counted; filter: Params }) {
  const [wanted, setWanted] = useState(false);
  const isExact = page.totalIsExact !== false;
  const exact = useCount(kind, filter, { total: "exact", enabled: wanted && !isExact });
  if (isExact) return <span>{totalText(page)}</span>;
  if (exact.data) return <span>{totalText(exact.data)}</span>;
  return (
    <button
      type="button"
      className={css.exact}
      onClick={() => setWanted(true)}
      title="Counting stops at 10,000: count all of them"
    >
      {totalText(page)} {exact.isFetching && "…"}
    </button>
  );
}
