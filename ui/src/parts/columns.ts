import type { ReactNode } from "react";

/** A column of a table. `id` is its name in the address; `sort` the name the API sorts by. */
export interface Column<Row> {
  id: string;
  title: string;
  /** Pixels; `grow` shares what is left. */
  width: number;
  grow?: number;
  align?: "end";
  sort?: string;
  /** First sort goes down (dates, durations), else up. */
  downFirst?: boolean;
  /** Its text is the row's link. */
  primary?: boolean;
  /** Not shown until chosen. */
  optional?: boolean;
  cell: (row: Row) => ReactNode;
}

export const defaultColumns = <Row>(columns: readonly Column<Row>[]): readonly string[] =>
  columns.filter((column) => !column.optional).map((column) => column.id);
