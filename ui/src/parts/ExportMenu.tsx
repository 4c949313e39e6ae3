import { Download } from "lucide-react";
import { type Params, urlOf } from "~/api/client";
import { Button } from "./Button";
import { Menu } from "./Menu";

/** All that matches as a file, with the columns and in the order of the table. */
export function ExportMenu({ kind, params }: { kind: "taskruns" | "executions" | "logs"; params: Params }) {
  return (
    <Menu
      label="Export"
      trigger={
        <Button small>
          <Download size={14} /> Export
        </Button>
      }
      items={[
        { id: "csv", title: "CSV", note: "for spreadsheets" },
        { id: "ndjson", title: "JSON lines", note: "NDJSON" },
      ]}
      onAction={(format) => {
        const link = document.createElement("a");
        link.href = urlOf(`/${kind}/export`, { ...params, format });
        link.download = "";
        link.click();
      }}
    />
  );
}
