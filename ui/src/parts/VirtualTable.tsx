/**
 * A table of any number of rows, of which only those in sight exist.
 *
 * A row is a link: a click opens it, a middle click opens it in a new tab. `j k` move a cursor, `enter`
 * opens, `x` selects, `shift+x` selects up to there. The page owns rows, sort, selection and what is open.
 */
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { createPath, resolvePath, type To, useLocation, useNavigate } from "react-router";
import { useKeys } from "~/app/keys";
import { ROOT } from "~/app/links";
import type { Sort } from "~/url/search";
import type { Column } from "./columns";
import { useFewAtATime } from "./fewAtATime";
import { isForBrowser } from "./PlainLink";
import { type RowActs, TableRow } from "./TableRow";
import css from "./VirtualTable.module.css";

export interface VirtualTableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  /** Ids of the columns to show, in this order. */
  shown: readonly string[];
  rows: readonly Row[];
  idOf: (row: Row) => string;
  /** Where a row leads; a place on this page opens its drawer. */
  linkOf: (row: Row) => To;
  /** The row whose drawer is open. */
  openId?: string | null;
  /** Rows that belong here no more, but stay until the list is asked for anew. */
  dimmed?: ReadonlySet<string>;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  selection?: ReadonlySet<string>;
  onSelection?: (ids: ReadonlySet<string>) => void;
  /** The end is near: load more. */
  onEnd?: () => void;
  /** How many rows there are in all, if it is known. */
  total?: number;
  /** Instead of rows when there are none. */
  empty?: ReactNode;
  /** Under the last row. */
  foot?: ReactNode;
  rowHeight?: number;
}

const CHECK_WIDTH = 36;
const OVERSCAN = 6;
/** Rows that are still to come when more are asked for. */
const NEAR_END = 40;
const HEAD_HEIGHT = 34;

export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { columns, shown, rows, idOf, selection, onSelection, onEnd, openId, rowHeight = 34 } = props;
  const box = useRef<HTMLDivElement>(null);
  const visible = useMemo(
    () =>
      shown.map((id) => columns.find((column) => column.id === id)).filter((column) => column !== undefined),
    [columns, shown],
  );
  const selectable = selection !== undefined && onSelection !== undefined;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => idOf(rows[index]!),
    overscan: OVERSCAN,
    scrollPaddingStart: rowHeight,
    // The rows begin below the head, which the virtualizer does not know of.
    scrollPaddingEnd: HEAD_HEIGHT,
    useFlushSync: false,
  });
  const cursor = useCursor(props, virtual.scrollToIndex);
  useSeen(props, virtual, cursor);
  const acts = useActs(props, cursor);
  const hrefTo = useHrefTo();

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const drawn = useFewAtATime(items);
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR_END) onEnd?.();
  }, [last, rows.length, onEnd]);

  const template = [
    ...(selectable ? [`${CHECK_WIDTH}px`] : []),
    ...visible.map((column) =>
      column.grow ? `minmax(${column.width}px, ${column.grow}fr)` : `${column.width}px`,
    ),
  ].join(" ");
  const width = visible.reduce((sum, column) => sum + column.width, selectable ? CHECK_WIDTH : 0);
  const all = rows.length > 0 && selection !== undefined && rows.every((row) => selection.has(idOf(row)));
  const some = selection !== undefined && selection.size > 0;

  return (
    <div
      ref={box}
      role="grid"
      aria-label={props.label}
      aria-rowcount={(props.total ?? rows.length) + 1}
      aria-multiselectable={selectable || undefined}
      className={css.table}
      tabIndex={0}
      onKeyDown={cursor.onKeyDown}
    >
      <div role="rowgroup" className={css.headGroup} style={{ minWidth: width }}>
        <div role="row" aria-rowindex={1} className={css.head} style={{ gridTemplateColumns: template }}>
          {selectable && (
            <div role="columnheader" className={css.check}>
              <input
                type="checkbox"
                aria-label={some ? "Clear the selection" : "Select all loaded rows"}
                checked={all}
                ref={(input) => {
                  if (input) input.indeterminate = some && !all;
                }}
                onChange={() => onSelection(new Set(some ? [] : rows.map(idOf)))}
              />
            </div>
          )}
          {visible.map((column) => (
            <Head key={column.id} column={column} sort={props.sort} onSort={props.onSort} />
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <div role="row" className={css.empty}>
          <div role="gridcell">{props.empty}</div>
        </div>
      ) : (
        <div role="rowgroup" className={css.rows} style={{ height: virtual.getTotalSize(), minWidth: width }}>
          {drawn.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const id = idOf(row);
            return (
              <TableRow
                key={id}
                row={row}
                id={id}
                index={item.index}
                top={item.start}
                height={item.size}
                columns={visible}
                template={template}
                href={hrefTo(props.linkOf(row))}
                acts={acts}
                isSelected={selectable ? selection.has(id) : undefined}
                isOpen={id === openId}
                isDimmed={props.dimmed?.has(id) === true}
                isCursor={id === cursor.id}
              />
            );
          })}
        </div>
      )}
      {rows.length > 0 && props.foot && <div className={css.foot}>{props.foot}</div>}
    </div>
  );
}

/** What rows do, always by what the table is now: a row need not be drawn anew because another one was selected. */
function useActs<Row>(
  { linkOf }: VirtualTableProps<Row>,
  { set, toggle }: { set: (id: string) => void; toggle: RowActs<Row>["toggle"] },
): RowActs<Row> {
  const navigate = useNavigate();
  const latest = useRef({ linkOf, toggle, navigate });
  useLayoutEffect(() => {
    latest.current = { linkOf, toggle, navigate };
  });
  return useMemo(
    () => ({
      toggle: (index, range) => latest.current.toggle(index, range),
      open: (row, id, event) => {
        set(id);
        if (isForBrowser(event)) return;
        event.preventDefault();
        void latest.current.navigate(latest.current.linkOf(row));
      },
    }),
    [set],
  );
}

/** The addresses of many links: as `useHref` says them, which would be a hook for each. */
function useHrefTo(): (to: To) => string {
  const { pathname } = useLocation();
  return useCallback((to) => ROOT + createPath(resolvePath(to, pathname)), [pathname]);
}

/** Who comes by a link sees the row that it opens, once; then the list is theirs to scroll. */
function useSeen<Row>(
  { rows, idOf, openId }: VirtualTableProps<Row>,
  virtual: Virtualizer<HTMLDivElement, Element>,
  cursor: { id: string | null; set: (id: string) => void },
) {
  const seen = useRef<string | null>(null);
  useEffect(() => {
    if (!openId || rows.length === 0 || seen.current === openId) return;
    const index = rows.findIndex((row) => idOf(row) === openId);
    // It may be among rows that are still to come, but who has scrolled is not taken elsewhere.
    if (index >= 0 || virtual.scrollOffset) seen.current = openId;
    // Who opened it here is at it already.
    if (index < 0 || cursor.id === openId) return;
    cursor.set(openId);
    const range = virtual.calculateRange();
    if (range === null || index <= range.startIndex || index >= range.endIndex - 1)
      virtual.scrollToIndex(index, { align: "center" });
    virtual.scrollElement?.scrollIntoView({ block: "nearest" });
  }, [rows, idOf, openId, virtual, cursor.id, cursor.set]);

  // A chart that comes later makes the table lower: the row that was in sight stays so.
  const height = virtual.scrollRect?.height ?? 0;
  const before = useRef(0);
  useEffect(() => {
    const was = before.current;
    before.current = height;
    if (!openId || height >= was) return;
    const item = virtual.measurementsCache[rows.findIndex((row) => idOf(row) === openId)];
    const top = virtual.scrollOffset ?? 0;
    if (item !== undefined && item.start >= top && item.start < top + was)
      virtual.scrollToIndex(item.index, { align: "auto" });
  }, [rows, idOf, openId, virtual, height]);
}

function Head<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
}) {
  const sorted = column.sort !== undefined && sort?.field === column.sort;
  const by = column.sort;
  return (
    <div
      role="columnheader"
      aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : undefined}
      className={`${css.cell} ${column.align === "end" ? css.end : ""}`}
    >
      {by !== undefined && onSort !== undefined ? (
        <button
          type="button"
          className={css.sort}
          data-sorted={sorted || undefined}
          onClick={() =>
            onSort({ field: by, descending: sorted ? !sort.descending : column.downFirst === true })
          }
        >
          {column.title}
          {sorted &&
            (sort.descending ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}

/** The row that the keyboard is at, and what it does with it. */
function useCursor<Row>(
  props: VirtualTableProps<Row>,
  scrollTo: (index: number, options: { align: "auto" }) => void,
) {
  const { rows, idOf, linkOf, selection, onSelection, openId } = props;
  const navigate = useNavigate();
  const [id, set] = useState<string | null>(null);
  const anchor = useRef<number | null>(null);
  const index = useMemo(
    () => (id === null ? -1 : rows.findIndex((row) => idOf(row) === id)),
    [rows, idOf, id],
  );

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[next];
    if (row === undefined) return;
    set(idOf(row));
    scrollTo(next, { align: "auto" });
    if (openId) void navigate(linkOf(row), { replace: true });
  };
  const toggle = useCallback(
    (at: number, range: boolean) => {
      if (selection === undefined || onSelection === undefined || rows[at] === undefined) return;
      const next = new Set(selection);
      const from = range && anchor.current !== null ? anchor.current : at;
      const adds = !selection.has(idOf(rows[at]));
      for (const row of rows.slice(Math.min(from, at), Math.max(from, at) + 1)) {
        if (adds || range) next.add(idOf(row));
        else next.delete(idOf(row));
      }
      anchor.current = at;
      onSelection(next);
    },
    [rows, idOf, selection, onSelection],
  );
  const open = () => {
    const row = rows[index];
    if (row !== undefined) void navigate(linkOf(row));
  };

  const selectable = onSelection !== undefined;
  useKeys("Table", [
    { keys: "j", does: "Next row", run: () => move(index + 1) },
    { keys: "k", does: "Row before", run: () => move(index - 1) },
    { keys: "enter", does: "Open the row", run: open, off: index < 0 },
    { keys: "x", does: "Select the row", run: () => toggle(index, false), off: !selectable },
    {
      keys: "shift+x",
      does: "Select from the last selected row to here",
      run: () => toggle(index, true),
      off: !selectable,
    },
  ]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 15,
      PageUp: -15,
      Home: -rows.length,
      End: rows.length,
    };
    const by = steps[event.key];
    if (by !== undefined) {
      event.preventDefault();
      move(index + by);
    } else if (event.key === " " && index >= 0) {
      event.preventDefault();
      toggle(index, event.shiftKey);
    }
  };
  return { id, set, toggle, onKeyDown };
}
