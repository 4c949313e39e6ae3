/** Views that people saved: a row of links; the open one can be renamed, brought up to date, deleted. */
import { Bookmark, BookmarkPlus, Ellipsis } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import type { View } from "~/api/types";
import { useChangeViews, type ViewBody, type ViewPage } from "~/api/views";
import { toast, toastError } from "~/app/toasts";
import { Button, IconButton } from "../Button";
import { Dialog } from "../Dialog";
import { Menu } from "../Menu";
import css from "./SavedViews.module.css";
import { viewSearch } from "./viewSearch";

/** What is shown now, as it would be saved. */
export type Shown = Pick<ViewBody, "query" | "columns" | "sort" | "timeRange" | "chart">;

interface Props {
  page: ViewPage;
  views: readonly View[];
  activeId: string;
  shown: Shown;
  onOpen: (id: string | null) => void;
}

const OWNER = "runfold.owner";

export function SavedViews({ page, views, activeId, shown, onOpen }: Props) {
  const [editing, setEditing] = useState<"new" | View | null>(null);
  const { save, remove } = useChangeViews(page);
  const update = (view: View) =>
    save.mutate(
      { id: view.id, body: { ...bodyOf(view), ...shown } },
      { onSuccess: () => toast(`“${view.name}” now is what you see`, "good"), onError: toastError },
    );
  const drop = (view: View) =>
    remove.mutate(view.id, {
      onSuccess: () => {
        toast(`Deleted “${view.name}”`);
        onOpen(null);
      },
      onError: toastError,
    });
  return (
    <div className={css.views}>
      {views.length > 0 && (
        <ul className={css.list} aria-label="Saved views">
          {views.map((view) => (
            <li key={view.id} className={css.view} data-active={view.id === activeId || undefined}>
              <Link
                to={{ search: viewSearch(view) }}
                aria-current={view.id === activeId || undefined}
                title={[view.query || "everything", view.owner && `by ${view.owner}`]
                  .filter(Boolean)
                  .join(" · ")}
              >
                <Bookmark size={13} aria-hidden /> {view.name}
                {view.owner && <span className={css.owner}>{view.owner}</span>}
              </Link>
              {view.id === activeId && (
                <Menu
                  label={`The view ${view.name}`}
                  trigger={
                    <IconButton small label={`Change the view ${view.name}`}>
                      <Ellipsis size={14} />
                    </IconButton>
                  }
                  items={[
                    { id: "update", title: "Save what is shown now in it" },
                    { id: "rename", title: "Rename…" },
                    { id: "delete", title: "Delete", tone: "danger" },
                  ]}
                  onAction={(id) => {
                    if (id === "update") update(view);
                    else if (id === "rename") setEditing(view);
                    else drop(view);
                  }}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      <Button small kind="quiet" onPress={() => setEditing("new")}>
        <BookmarkPlus size={14} /> Save view
      </Button>
      {editing !== null && (
        <NameDialog
          view={editing === "new" ? null : editing}
          busy={save.isPending}
          onClose={() => setEditing(null)}
          onSave={(name, owner) => {
            const old = editing === "new" ? null : editing;
            const about = { name, owner: owner || undefined };
            save.mutate(
              old
                ? { id: old.id, body: { ...bodyOf(old), ...about } }
                : { body: { page, ...shown, ...about } },
              {
                onSuccess: (view) => {
                  setEditing(null);
                  onOpen(view.id);
                  toast(`Saved “${view.name}”`, "good");
                },
                onError: toastError,
              },
            );
          }}
        />
      )}
    </div>
  );
}

const bodyOf = ({ id: _id, builtIn: _builtIn, ...body }: View): ViewBody => body;

interface NameProps {
  view: View | null;
  busy: boolean;
  onClose: () => void;
  onSave: (name: string, owner: string) => void;
}

function NameDialog({ view, busy, onClose, onSave }: NameProps) {
  const [name, setName] = useState(view?.name ?? "");
  const [owner, setOwner] = useState(view ? (view.owner ?? "") : keptOwner());
  return (
    <Dialog title={view ? "Rename the view" : "Save what is shown as a view"} isOpen onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          keepOwner(owner.trim());
          onSave(name.trim(), owner.trim());
        }}
      >
        <label>
          Name
          <input autoFocus value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Owner
          <input
            value={owner}
            maxLength={100}
            placeholder="You or your team; shown beside it"
            onChange={(event) => setOwner(event.target.value)}
          />
        </label>
        <p>Kept on the server with query, columns, order and time range: everyone here sees it.</p>
        <Button type="submit" kind="primary" isDisabled={name.trim() === "" || busy}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

function keptOwner(): string {
  try {
    return localStorage.getItem(OWNER) ?? "";
  } catch {
    return "";
  }
}

function keepOwner(owner: string) {
  try {
    localStorage.setItem(OWNER, owner);
  } catch {
    // Then it is asked for again.
  }
}
