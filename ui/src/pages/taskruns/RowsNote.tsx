/** Beside the title: how many there are, what is new, and as of when. */
import { ArrowUp, RefreshCw } from "lucide-react";
import { useState } from "react";
import type { Params } from "~/api/client";
import { useCount } from "~/api/taskruns";
import { Button } from "~/parts/Button";
import { Instant } from "~/parts/Time";
import css from "./TaskRunsPage.module.css";
import type { useRows } from "./useRows";

interface Props {
  live: ReturnType<typeof useRows>;
  filter: Params;
  isOpen: boolean;
}

const FRESH_SHOWN_MAX = 5_000;

export function RowsNote({ live, filter, isOpen }: Props) {
  const page = live.list.data?.pages[0];
  const changes = [
    live.fresh > 0 && `${live.fresh >= FRESH_SHOWN_MAX ? `${FRESH_SHOWN_MAX}+` : live.fresh} new`,
    live.gone.size > 0 && `${live.gone.size} gone`,
  ].filter(Boolean);
  return (
    <>
      {page && (
        <Total
          key={JSON.stringify(filter)}
          total={page.total}
          isExact={page.totalIsExact !== false}
          filter={filter}
        />
      )}
      {changes.length > 0 && (
        <Button small kind="primary" onPress={live.show}>
          {live.fresh > 0 ? <ArrowUp size={13} /> : <RefreshCw size={12} />} {changes.join(", ")}
        </Button>
      )}
      {page?.asOf && (
        <span className={css.asOf} data-live={(isOpen && live.stream === "open") || undefined}>
          <i aria-hidden />
          {isOpen && live.stream === "open" ? "live, " : ""}list as of <Instant at={page.asOf.at} clock />
        </span>
      )}
    </>
  );
}

function Total({ total, isExact, filter }: { total: number; isExact: boolean; filter: Params }) {
  const [wanted, setWanted] = useState(false);
  const exact = useCount(filter, "exact", wanted && !isExact);
  if (isExact) return <span>{total.toLocaleString()}</span>;
  if (exact.data) return <span>{exact.data.total.toLocaleString()}</span>;
  return (
    <button
      type="button"
      className={css.exact}
      onClick={() => setWanted(true)}
      title="Counting stops at 10,000: count all of them"
    >
      {total.toLocaleString()}+ {exact.isFetching && "…"}
    </button>
  );
}
