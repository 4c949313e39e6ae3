import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useKeys } from "~/app/keys";
import css from "./BulkBar.module.css";
import { IconButton } from "./Button";

/** What to do with the selected rows; it floats over the end of the table, which does not move for it. */
export function BulkBar({
  count,
  onClear,
  children,
}: {
  count: number;
  onClear: () => void;
  children?: ReactNode;
}) {
  useKeys("Selection", [{ keys: "escape", does: "Clear the selection", run: onClear }]);
  return (
    <div className={css.bar} role="toolbar" aria-label="Selection">
      <b>{count.toLocaleString()} selected</b>
      {children}
      <IconButton small label="Clear the selection (Esc)" onPress={onClear}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
