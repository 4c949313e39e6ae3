/** One flow: its text, a form to run it, what ran, how that went, its revisions, what it leads to, its picture. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { send } from "~/api/client";
import { allMessagesOf } from "~/api/errors";
import { type Flow, flowPath, updateFlow, useFlow } from "~/api/flows";
import { useKeys } from "~/app/keys";
import { namespaceLink } from "~/app/links";
import { toast, toastError } from "~/app/toasts";
import { Button, IconButton } from "~/parts/Button";
import { Dialog } from "~/parts/Dialog";
import { Card, Page } from "~/parts/Page";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { Tabs } from "~/parts/Tabs";
import { useSearch, useText } from "~/url/search";
import { Editor } from "./editor/Editor";
import { LeaveGuard } from "./editor/LeaveGuard";
import css from "./FlowPage.module.css";
import { Dependencies } from "./tabs/Dependencies";
import { ExecutionsOf } from "./tabs/ExecutionsOf";
import { Revisions } from "./tabs/Revisions";
import { Run } from "./tabs/Run";
import { StatisticsOf } from "./tabs/StatisticsOf";
import { TaskRunsOf } from "./tabs/TaskRunsOf";
import { Topology } from "./tabs/Topology";

export function Component() {
  const { namespace = "", flowId = "" } = useParams();
  const found = useFlow({ namespace, id: flowId });
  if (found.data === undefined) {
    return (
      <Page title={flowId}>
        <Card fill>
          {found.isError ? (
            <ErrorBox error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Loading what={`flow ${namespace}.${flowId}`} />
          )}
        </Card>
      </Page>
    );
  }
  return <Found key={`${namespace}/${flowId}`} flow={found.data} />;
}

const TABS = [
  ["edit", "Editor"],
  ["run", "Run"],
  ["executions", "Executions"],
  ["taskruns", "Task runs"],
  ["statistics", "Statistics"],
  ["revisions", "Revisions"],
  ["dependencies", "Dependencies"],
  ["topology", "Topology"],
] as const;

function Found({ flow }: { flow: Flow }) {
  const [, change] = useSearch();
  const [tab, setTab] = useText("tab", "edit");
  const stored = flow.source ?? "";
  // null: as it is stored; so a newer revision from elsewhere shows by itself.
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? stored;
  const { save, refused } = useSave(flow, () => setDraft(null));
  // Another tab has its own filter, but the time is the same for all.
  const go = (id: string) =>
    change({ tab: id === "edit" ? null : id, query: null, sort: null, open: null }, { push: true });
  useKeys("Flow", [
    ...TABS.map(([id, title], at) => ({ keys: String(at + 1), does: `Go to ${title}`, run: () => go(id) })),
    { keys: "r", does: "Run the flow", run: () => go("run") },
  ]);
  const render: Record<(typeof TABS)[number][0], () => React.ReactNode> = {
    edit: () => (
      <Editor
        text={text}
        onText={(next) => setDraft(next === stored ? null : next)}
        stored={stored}
        onSave={() => save.mutate(text)}
        saving={save.isPending}
        refused={refused}
      />
    ),
    run: () => <Run flow={flow} unsaved={draft !== null} />,
    executions: () => <ExecutionsOf flow={flow} />,
    taskruns: () => <TaskRunsOf flow={flow} />,
    statistics: () => <StatisticsOf flow={flow} />,
    revisions: () => (
      <Revisions
        flow={flow}
        onRestore={(source) => {
          setDraft(source);
          setTab(null, { push: true });
        }}
      />
    ),
    dependencies: () => <Dependencies flow={flow} />,
    topology: () => <Topology flow={flow} />,
  };
  return (
    <Page
      title={flow.id}
      note={
        <>
          <Link to={namespaceLink(flow.namespace)}>{flow.namespace}</Link>
          <span>revision {flow.revision}</span>
          {flow.disabled && <span className={css.off}>disabled</span>}
          {draft !== null && <span className={css.off}>unsaved changes</span>}
        </>
      }
      actions={
        <>
          <DeleteFlow flow={flow} onDelete={() => setDraft(null)} />
          <Button kind="primary" onPress={() => go("run")} isDisabled={flow.disabled}>
            <Play size={14} /> Run
          </Button>
        </>
      }
    >
      {flow.description && <p className={css.about}>{flow.description}</p>}
      <Card fill>
        <Tabs
          label="Parts of the flow"
          fill
          selected={tab}
          onSelect={go}
          tabs={TABS.map(([id, title]) => ({ id, title, render: render[id] }))}
        />
      </Card>
      <LeaveGuard when={draft !== null && !save.isPending} />
    </Page>
  );
}

function useSave(flow: Flow, onSaved: () => void) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (source: string) => updateFlow(flow, source),
    onSuccess: (next) => {
      client.setQueryData(["flows", "one", flow.namespace, flow.id], next);
      onSaved();
      toast(
        next.revision === flow.revision ? "Nothing was changed" : `Saved as revision ${next.revision}`,
        "good",
      );
      void client.invalidateQueries({ queryKey: ["flows"] });
    },
  });
  return { save, refused: save.isError ? allMessagesOf(save.error) : null };
}

function DeleteFlow({ flow, onDelete }: { flow: Flow; onDelete: () => void }) {
  const [asks, setAsks] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => {
      onDelete();
      return send("DELETE", flowPath(flow));
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["flows", "search"] });
      toast(`${flow.namespace}.${flow.id} is deleted`, "good");
      void navigate("/flows");
    },
    onError: toastError,
  });
  return (
    <>
      <IconButton label="Delete the flow" onPress={() => setAsks(true)}>
        <Trash2 size={15} />
      </IconButton>
      <Dialog
        title={`Delete ${flow.id}?`}
        isOpen={asks}
        onClose={() => setAsks(false)}
        actions={
          <>
            <Button onPress={() => setAsks(false)}>Keep it</Button>
            <Button kind="danger" onPress={() => remove.mutate()} isDisabled={remove.isPending}>
              Delete
            </Button>
          </>
        }
      >
        <p>
          No more executions of {flow.namespace}.{flow.id} will start. Those that run go on, and what ran
          stays to be found.
        </p>
      </Dialog>
    </>
  );
}
