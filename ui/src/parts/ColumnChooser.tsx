import { Columns3 } from "lucide-react";
import { Button } from "./Button";
import type { Column } from "./columns";
import { Menu } from "./Menu";

interface Props<Row> {
  columns: readonly Column<Row>[];
  shown: readonly string[];
  onShown: (ids: readonly string[]) => void;
}

/** Which columns a table shows. The link of the row stays. */
export function ColumnChooser<Row>({ columns, shown, onShown }: Props<Row>) {
  const offered = columns.filter((column) => !column.primary);
  const fixed = columns.filter((column) => column.primary).map((column) => column.id);
  return (
    <Menu
      label="Columns"
      multiple
      trigger={
        <Button small>
          <Columns3 size={14} /> Columns
        </Button>
      }
      items={offered.map((column) => ({ id: column.id, title: column.title }))}
      selected={shown.filter((id) => !fixed.includes(id))}
      onSelected={(ids) =>
        onShown(columns.map((column) => column.id).filter((id) => fixed.includes(id) || ids.includes(id)))
      }
    />
  );
}
