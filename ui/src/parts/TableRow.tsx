/** One row of a table. Thousands pass by: it is drawn anew only if something of it changed, and its link is a plain one. */
import { type MouseEvent, memo } from "react";
import type { Column } from "./columns";
import css from "./VirtualTable.module.css";

/** What is done with rows; the same functions as long as the table is there. */
export interface RowActs<Row> {
  /** Takes it into the selection or out of it; `range`: all from the last one to here. */
  toggle: (index: number, range: boolean) => void;
  open: (row: Row, id: string, event: MouseEvent) => void;
}

interface Props<Row> {
  row: Row;
  id: string;
  index: number;
  top: number;
  height: number;
  columns: readonly Column<Row>[];
  /** The widths of the columns, as the grid takes them. */
  template: string;
  href: string;
  acts: RowActs<Row>;
  /** undefined: rows cannot be selected. */
  isSelected: boolean | undefined;
  isOpen: boolean;
  isDimmed: boolean;
  isCursor: boolean;
}

function Drawn<Row>({ row, id, index, acts, isSelected, ...props }: Props<Row>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      aria-current={props.isOpen || undefined}
      data-open={props.isOpen || undefined}
      data-dimmed={props.isDimmed || undefined}
      data-cursor={props.isCursor || undefined}
      className={css.row}
      style={{ gridTemplateColumns: props.template, height: props.height, top: props.top }}
    >
      {isSelected !== undefined && (
        <div role="gridcell" className={css.check}>
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={`Select row ${index + 1}`}
            checked={isSelected}
            onChange={() => acts.toggle(index, false)}
            onClick={(event) => {
              if (event.shiftKey) {
                event.preventDefault();
                acts.toggle(index, true);
              }
            }}
          />
        </div>
      )}
      {props.columns.map((column) => (
        <div
          role="gridcell"
          key={column.id}
          className={column.align === "end" ? `${css.cell} ${css.end}` : css.cell}
        >
          {column.primary ? (
            <a
              href={props.href}
              className={css.link}
              tabIndex={-1}
              onClick={(event) => acts.open(row, id, event)}
            >
              {column.cell(row)}
            </a>
          ) : (
            column.cell(row)
          )}
        </div>
      ))}
    </div>
  );
}

export const TableRow = memo(Drawn) as typeof Drawn;
