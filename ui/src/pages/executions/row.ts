/** What a list of executions is made of. */
import type { Execution } from "~/api/types";
import type { RowKind } from "~/parts/rows/useRows";

export const EXECUTIONS: RowKind<Execution> = {
  kind: "executions",
  watched: true,
  idOf: (row) => row.id,
  startOf: (row) => row.state.startDate,
  newer: (row, other) => (other.state.histories.length >= row.state.histories.length ? other : row),
};
