import { Download } from "lucide-react";
import { type Params, urlOf } from "~/api/client";
import { Button } from "~/parts/Button";
import { Menu } from "~/parts/Menu";

/** All that matches as a file, with the columns and in the order of the table. */
export function ExportMenu({ params }: { params: Params }) {
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
        link.href = urlOf("/taskruns/export", { ...params, format });
        link.download = "";
        link.click();
      }}
    />
  );
}
