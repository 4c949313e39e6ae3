/** Logs of everything: the query, levels over time, lines, and each line in its surroundings. */
import { useCallback, useMemo } from "react";
import { useLevels } from "~/api/logs";
import { LEVELS, type LogLine } from "~/api/types";
import { useViews } from "~/api/views";
import { Bars } from "~/parts/Bars";
import { Button } from "~/parts/Button";
import { defaultColumns } from "~/parts/columns";
import { LEVEL_PARTS } from "~/parts/levels";
import { Card, Page } from "~/parts/Page";
import { Empty } from "~/parts/Placeholders";
import { QueryBar } from "~/parts/QueryBar";
import { withTerm } from "~/parts/query";
import { RangePicker } from "~/parts/RangePicker";
import { RowsNote } from "~/parts/rows/RowsNote";
import { RowsTable } from "~/parts/rows/RowsTable";
import { useRows } from "~/parts/rows/useRows";
import { SavedViews } from "~/parts/views/SavedViews";
import { durationMs } from "~/time/duration";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { useSearch, useSearchHref, useText } from "~/url/search";
import { COLUMNS } from "./columns";
import { LineDrawer } from "./LineDrawer";
import css from "./LogsPage.module.css";
import { LINES, lineId } from "./line";

const EVERY_MS = 5_000;
const DEFAULT_RANGE = "P7D";
const SHOWN = defaultColumns(COLUMNS);

export function Component() {
  const [, change] = useSearch();
  const hrefOf = useSearchHref();
  const [query, setQuery] = useText("query");
  const [level, setLevel] = useText("level", "TRACE");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [openId] = useText("open");
  const [viewId] = useText("view");
  const views = useViews("logs");
  const params = useMemo(
    () => ({ query, minLevel: level === "TRACE" ? undefined : level, ...rangeParams(range) }),
    [query, level, range],
  );
  const live = useRows(LINES, params, isOpen(range));
  const levels = useLevels(params, isOpen(range) ? EVERY_MS : false);
  const linkOf = useCallback((row: LogLine) => hrefOf({ open: lineId(row) }), [hrefOf]);
  return (
    <Page
      title="Logs"
      note={<RowsNote live={live} filter={params} isOpen={isOpen(range)} />}
      actions={<RangePicker range={range} onRange={setRange} />}
      aside={
        openId !== "" && (
          <LineDrawer id={openId} rows={live.rows} onClose={() => change({ open: null }, { push: true })} />
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
        <SavedViews
          page="logs"
          views={views.data?.filter((view) => !view.builtIn) ?? []}
          activeId={viewId}
          shown={{
            // A view has no level of its own: it becomes a term.
            query: level === "TRACE" ? query : withTerm(query, `level:>=${level}`),
            columns: [],
            timeRange: range.timeRange,
            chart: true,
          }}
          onOpen={(id) => change({ view: id })}
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
        <RowsTable
          live={live}
          what="log lines"
          label="Log lines"
          columns={COLUMNS}
          shown={SHOWN}
          linkOf={linkOf}
          openId={openId || null}
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
        />
      </Card>
    </Page>
  );
}
