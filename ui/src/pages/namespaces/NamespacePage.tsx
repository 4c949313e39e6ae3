/** One namespace: its flows, its key-value pairs, its files. */
import { Plus } from "lucide-react";
import { Link, useParams } from "react-router";
import { executionsLink, taskRunsLink } from "~/app/links";
import { Card, Page } from "~/parts/Page";
import { Tabs } from "~/parts/Tabs";
import { useSearch, useText } from "~/url/search";
import { FlowList } from "../flows/list/FlowList";
import { FilesTab } from "./files/FilesTab";
import { KvTab } from "./KvTab";
import css from "./Namespaces.module.css";

export function Component() {
  const { namespace = "" } = useParams();
  const [, change] = useSearch();
  const [tab] = useText("tab", "flows");
  return (
    <Page
      title={namespace}
      note={
        <>
          <Link to={executionsLink(`namespace:${namespace}.*`)}>Executions</Link>
          <Link to={taskRunsLink(`namespace:${namespace}.*`)}>Task runs</Link>
          <Link to={`/logs?query=${encodeURIComponent(`namespace:${namespace}.*`)}`}>Logs</Link>
        </>
      }
      actions={
        <Link className={css.new} to={`/flows/new?namespace=${encodeURIComponent(namespace)}`}>
          <Plus size={15} aria-hidden /> New flow
        </Link>
      }
    >
      <Card fill>
        <Tabs
          label="Parts of the namespace"
          fill
          selected={tab}
          onSelect={(id) =>
            change({ tab: id === "flows" ? null : id, file: null, open: null }, { push: true })
          }
          tabs={[
            { id: "flows", title: "Flows", render: () => <FlowList namespace={namespace} own /> },
            { id: "kv", title: "Key-value pairs", render: () => <KvTab namespace={namespace} /> },
            { id: "files", title: "Files", render: () => <FilesTab namespace={namespace} /> },
          ]}
        />
      </Card>
    </Page>
  );
}
