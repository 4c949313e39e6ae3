import { Download, Pencil, Save, Trash2 } from "lucide-react";
import { useState } from "react";
import { fileUrl, useChangeFiles, useFileText } from "~/api/namespaces";
import { useKeys } from "~/app/keys";
import { toast } from "~/app/toasts";
import { Button, IconButton } from "~/parts/Button";
import { CodeEditor } from "~/parts/code/CodeEditor";
import { Dialog } from "~/parts/Dialog";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { LeaveGuard } from "../../flows/editor/LeaveGuard";
import { AskPath } from "./AskPath";
import css from "./Files.module.css";

const YAML_LIKE = /\.(ya?ml|json)$/i;

/** One file: its text, if it is one and not too long. */
export function FileView({
  namespace,
  path,
  onPath,
}: {
  namespace: string;
  path: string;
  /** It is elsewhere now; null: nowhere. */
  onPath: (path: string | null) => void;
}) {
  const found = useFileText(namespace, path);
  const { upload, move, remove } = useChangeFiles(namespace);
  const [draft, setDraft] = useState<string | null>(null);
  const [asks, setAsks] = useState<"rename" | "delete" | null>(null);
  const stored = found.data?.text ?? null;
  const changed = draft !== null && draft !== stored;
  const save = () => {
    if (!changed) return;
    upload.mutate(
      { path, content: new Blob([draft]) },
      { onSuccess: () => toast(`${path} is stored`, "good") },
    );
  };
  useKeys("File", [{ keys: "mod+s", does: "Save the file", run: save }]);
  return (
    <>
      <div className={css.bar}>
        <strong className={css.path}>{path}</strong>
        {found.data && <span className={css.size}>{found.data.size.toLocaleString()} bytes</span>}
        <span className={css.right}>
          <IconButton label="Rename or move" onPress={() => setAsks("rename")}>
            <Pencil size={14} />
          </IconButton>
          <a
            className={css.icon}
            href={fileUrl(namespace, path)}
            download
            aria-label="Download"
            title="Download"
          >
            <Download size={15} aria-hidden />
          </a>
          <IconButton label="Delete the file" onPress={() => setAsks("delete")}>
            <Trash2 size={14} />
          </IconButton>
          {stored !== null && (
            <Button small kind="primary" onPress={save} isDisabled={!changed || upload.isPending}>
              <Save size={13} /> {changed ? "Save" : "Saved"}
            </Button>
          )}
        </span>
      </div>
      {found.isPending ? (
        <Loading what="the file" />
      ) : found.isError ? (
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      ) : stored === null ? (
        <Empty title="No text to show" action={<a href={fileUrl(namespace, path)}>Download it</a>}>
          It is not text, or too long for this page.
        </Empty>
      ) : (
        <CodeEditor
          label={`The text of ${path}`}
          value={draft ?? stored}
          onChange={setDraft}
          language={YAML_LIKE.test(path) ? "yaml" : "text"}
        />
      )}
      {asks === "rename" && (
        <AskPath
          title="Rename or move"
          path={path}
          verb="Move"
          onClose={() => setAsks(null)}
          onPath={async (to) => {
            await move.mutateAsync({ from: path, to });
            onPath(to);
          }}
        />
      )}
      <Dialog
        title="Delete this file?"
        isOpen={asks === "delete"}
        onClose={() => setAsks(null)}
        actions={
          <>
            <Button onPress={() => setAsks(null)}>Keep it</Button>
            <Button kind="danger" onPress={() => remove.mutate(path, { onSuccess: () => onPath(null) })}>
              Delete
            </Button>
          </>
        }
      >
        <p>{path} is gone then; flows that read it fail.</p>
      </Dialog>
      <LeaveGuard when={changed && !upload.isPending} />
    </>
  );
}
