/** The questions that people come with, as cards: how many there are now, and how it went in the last day. */

import { useQuery } from "@tanstack/react-query";
import { Hourglass, type LucideIcon, OctagonX, RefreshCw, Snail } from "lucide-react";
import { memo } from "react";
import { Link } from "react-router";
import { get } from "~/api/client";
import { useCount } from "~/api/lists";
import type { Histogram, View } from "~/api/types";
import { Sparkline } from "~/parts/Sparkline";
import type { Hue } from "~/parts/states";
import { viewSearch } from "~/parts/views/viewSearch";
import css from "./ViewCards.module.css";

const EVERY_MS = 15_000;
const HOURS = 24;
const HOUR_MS = 3_600_000;

/** `date`: what the trend counts by, as documents and as queries call it. */
interface Look {
  icon: LucideIcon;
  hue: Hue;
  date: string;
  term: string;
  trend: string;
}
const OTHERWISE: Look = {
  icon: RefreshCw,
  hue: "blue",
  date: "startDate",
  term: "start",
  trend: "by start",
};
const LOOKS: Record<string, Look> = {
  "failing-now": { icon: OctagonX, hue: "red", date: "endDate", term: "end", trend: "by end" },
  "retrying-or-stuck": {
    icon: RefreshCw,
    hue: "orange",
    date: "stateSince",
    term: "since",
    trend: "by how long they are there",
  },
  slowest: { icon: Snail, hue: "violet", date: "startDate", term: "start", trend: "by start" },
  "queued-longest": { icon: Hourglass, hue: "blue", date: "startDate", term: "start", trend: "by start" },
};

interface Props {
  views: readonly View[];
  query: string;
  /** They are asked for now. */
  isDue: boolean;
}

export const ViewCards = memo(function ViewCards({ views, query, isDue }: Props) {
  return (
    <nav className={css.outer} aria-label="Ready views">
      <div className={css.cards}>
        {views.map((view) => (
          <Card key={view.id} view={view} active={view.query === query} isDue={isDue} />
        ))}
      </div>
    </nav>
  );
});

function Card({ view, active, isDue }: { view: View; active: boolean; isDue: boolean }) {
  const { icon: Icon, hue, date, term, trend } = LOOKS[view.id] ?? OTHERWISE;
  const count = useCount("taskruns", { query: view.query }, { everyMs: EVERY_MS, enabled: isDue });
  const hours = useHours(view.query, { date, term }, isDue);
  const some = (count.data?.total ?? 0) > 0;
  return (
    <Link
      to={{ search: active ? "" : viewSearch(view) }}
      className={`${css.card} ${css[hue]}`}
      aria-current={active || undefined}
      title={view.description}
      data-some={some || undefined}
    >
      <span className={css.name}>
        <Icon size={15} strokeWidth={2.1} aria-hidden /> <span>{view.name}</span>
      </span>
      <span className={css.count}>
        {count.data === undefined
          ? "–"
          : `${count.data.total.toLocaleString()}${count.data.totalIsExact ? "" : "+"}`}
      </span>
      <span className={css.trend}>
        <Sparkline
          values={hours}
          hue={hue}
          label={`In the last ${HOURS} hours, ${trend}: ${hours.join(", ")}`}
        />
      </span>
    </Link>
  );
}

/** Counts of the last hours, the present one last. */
function useHours(
  query: string,
  { date, term }: Pick<Look, "date" | "term">,
  isDue: boolean,
): readonly number[] {
  const { data } = useQuery({
    queryKey: ["taskruns", "trend", query, date],
    queryFn: ({ signal }) =>
      get<Histogram>(
        "/taskruns/histogram",
        { query: `(${query}) ${term}:>-${HOURS - 1}h`, date, interval: "PT1H" },
        signal,
      ),
    refetchInterval: EVERY_MS * 2,
    enabled: isDue,
  });
  const now = Math.floor(Date.now() / HOUR_MS);
  const counts = Array.from({ length: HOURS }, () => 0);
  for (const bucket of data?.buckets ?? []) {
    const place = HOURS - 1 - (now - Math.floor(Date.parse(bucket.start) / HOUR_MS));
    if (place >= 0 && place < HOURS) counts[place] = bucket.count ?? 0;
  }
  return counts;
}
