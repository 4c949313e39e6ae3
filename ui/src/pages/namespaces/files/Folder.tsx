import { ChevronRight, FileText, Folder as FolderIcon } from "lucide-react";
import { useState } from "react";
import { useFolder } from "~/api/namespaces";
import css from "./Files.module.css";

interface FolderProps {
  namespace: string;
  /** Ends with a slash. */
  path: string;
  depth: number;
  openFile: string;
  onFile: (path: string) => void;
}

/** What is in a folder; folders in it are read when they are opened. */
export function Folder({ namespace, path, depth, openFile, onFile }: FolderProps) {
  const found = useFolder(namespace, path);
  const entries = (found.data ?? []).toSorted(
    (one, other) => one.type.localeCompare(other.type) || one.fileName.localeCompare(other.fileName),
  );
  return entries.map((entry) => {
    const full = path + entry.fileName;
    return entry.type === "Directory" ? (
      <Inner key={full} name={entry.fileName} {...{ namespace, depth, openFile, onFile }} path={`${full}/`} />
    ) : (
      <li key={full}>
        <button
          type="button"
          className={css.entry}
          data-open={full === openFile || undefined}
          aria-current={full === openFile || undefined}
          style={{ paddingLeft: 28 + depth * 18 }}
          onClick={() => onFile(full)}
        >
          <FileText size={14} aria-hidden /> {entry.fileName}
        </button>
      </li>
    );
  });
}

function Inner({ name, ...props }: FolderProps & { name: string }) {
  const [open, setOpen] = useState(props.openFile.startsWith(props.path));
  return (
    <li>
      <button
        type="button"
        className={css.entry}
        aria-expanded={open}
        style={{ paddingLeft: 10 + props.depth * 18 }}
        onClick={() => setOpen(!open)}
      >
        <ChevronRight size={13} aria-hidden data-open={open || undefined} />{" "}
        <FolderIcon size={14} aria-hidden /> {name}
      </button>
      {open && (
        <ul>
          <Folder {...props} depth={props.depth + 1} />
        </ul>
      )}
    </li>
  );
}
