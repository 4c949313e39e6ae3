/** Logs of everything: the query, levels over time, lines, and each line in its surroundings. */
import { useQueryClient } from "@tanstack/react-query";
import { ArrowUp } from "lucide-react";
import { useCallback, useMemo } from "react";
import { useLevels, useLogCount, useLogs } from "~/api/logs";
import { LEVELS, type LogLine } from "~/api/types";
import { Bars } from "~/parts/Bars";
import { Button } from "~/parts/Button";
import { defaultColumns } from "~/parts/columns";
import { LEVEL_PARTS } from "~/parts/levels";
import { Card, Page } from "~/parts/Page";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { QueryBar } from "~/parts/QueryBar";
import { RangePicker } from "~/parts/RangePicker";
import { VirtualTable } from "~/parts/VirtualTable";
import { durationMs } from "~/time/duration";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { useSearch, useSearchHref, useText } from "~/url/search";
import { COLUMNS } from "./columns";
import { LineDrawer } from "./LineDrawer";
import css from "./LogsPage.module.css";
import { lineId } from "./line";

const EVERY_MS = 5_000;
const DEFAULT_RANGE = "P7D";
const SHOWN = defaultColumns(COLUMNS);

export function Component() {
  const client = useQueryClient();
  const [, change] = useSearch();
  const hrefOf = useSearchHref();
  const [query, setQuery] = useText("query");
  const [level, setLevel] = useText("level", "TRACE");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [openId] = useText("open");
  const params = useMemo(
    () => ({ query, minLevel: level === "TRACE" ? undefined : level, ...rangeParams(range) }),
    [query, level, range],
  );
  const everyMs = isOpen(range) ? EVERY_MS : false;
  const list = useLogs(params);
  const levels = useLevels(params, everyMs);
  const count = useLogCount(params, everyMs);
  const rows = useMemo(() => unique(list.data?.pages.flatMap((page) => page.results) ?? []), [list.data]);
  const total = list.data?.pages[0]?.total ?? 0;
  const fresh = Math.max(0, (count.data?.total ?? 0) - total);
  const linkOf = useCallback((row: LogLine) => hrefOf({ open: lineId(row) }), [hrefOf]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  return (
    <Page
      title="Logs"
      note={
        <>
          {list.data && (
            <span>
              {total.toLocaleString()}
              {list.data.pages[0]?.totalIsExact === false && "+"} {total === 1 ? "line" : "lines"}
            </span>
          )}
          {fresh > 0 && (
            <Button
              small
              kind="primary"
              onPress={() => void client.resetQueries({ queryKey: ["logs", "search"] })}
            >
              <ArrowUp size={13} /> {fresh.toLocaleString()} new
            </Button>
          )}
        </>
      }
      actions={<RangePicker range={range} onRange={setRange} />}
      aside={
        openId !== "" && (
          <LineDrawer id={openId} rows={rows} onClose={() => change({ open: null }, { push: true })} />
        )
      }
    >
      <div className={css.bar}>
        <select
          className={css.level}
          aria-label="Lowest level"
          value={level}
          onChange={(event) => setLevel(event.target.value)}
        >
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {each === "TRACE" ? "All levels" : each === "ERROR" ? "ERROR" : `${each} and above`}
            </option>
          ))}
        </select>
        <QueryBar
          kind="logs"
          value={query}
          onChange={setQuery}
          placeholder="Search: “connection refused” task:load flow:etl execution:5sW2*"
          params={{ ...rangeParams(range) }}
        />
      </div>
      {levels.data && levels.data.buckets.length > 0 && (
        <Card label="Levels over time">
          <Bars
            label="Lines by level over time"
            parts={LEVEL_PARTS}
            buckets={levels.data.buckets}
            intervalMs={durationMs(levels.data.interval ?? "") ?? 60_000}
            onRange={(startDate, endDate) => setRange({ startDate, endDate })}
            onPart={(id) => setLevel(id)}
          />
        </Card>
      )}
      <Card fill label="Lines">
        {list.isPending ? (
          <Loading what="log lines" lines={14} />
        ) : list.isError ? (
          <ErrorBox error={list.error} retry={() => void list.refetch()} />
        ) : (
          <VirtualTable
            label="Log lines"
            columns={COLUMNS}
            shown={SHOWN}
            rows={rows}
            idOf={lineId}
            linkOf={linkOf}
            openId={openId || null}
            onEnd={onEnd}
            total={total}
            rowHeight={30}
            empty={
              <Empty
                title={query !== "" || level !== "TRACE" ? "No line matches" : "No lines in this range"}
                action={
                  <Button
                    onPress={() =>
                      change({ query: null, level: null, timeRange: "all", startDate: null, endDate: null })
                    }
                  >
                    Show all of all time
                  </Button>
                }
              >
                Take out a term, choose a lower level, or a longer range.
              </Empty>
            }
            foot={
              isFetchingNextPage
                ? "Loading more"
                : hasNextPage
                  ? ""
                  : `All ${rows.length.toLocaleString()} shown`
            }
          />
        )}
      </Card>
    </Page>
  );
}

/** Lines that say the same at the same instant are told apart by their place. */
function unique(lines: readonly LogLine[]): readonly LogLine[] {
  const seen = new Set<string>();
  return lines.filter((line) => {
    const id = lineId(line);
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
