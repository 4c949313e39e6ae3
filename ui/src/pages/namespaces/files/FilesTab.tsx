/** The files of a namespace: a tree, and the chosen file as text to look at and change. */
import { Download, FilePlus, FolderPlus, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { filesUrl, useChangeFiles, useFolder } from "~/api/namespaces";
import { toast } from "~/app/toasts";
import { Button, IconButton } from "~/parts/Button";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { useSearch, useText } from "~/url/search";
import { AskPath } from "./AskPath";
import css from "./Files.module.css";
import { FileView } from "./FileView";
import { Folder } from "./Folder";

type Asks = "file" | "folder" | null;

export function FilesTab({ namespace }: { namespace: string }) {
  const [, change] = useSearch();
  const [file] = useText("file");
  const top = useFolder(namespace, "/");
  const { upload, makeFolder } = useChangeFiles(namespace);
  const input = useRef<HTMLInputElement>(null);
  const [asks, setAsks] = useState<Asks>(null);
  const [over, setOver] = useState(false);
  // What is added goes where one looks.
  const folder = file === "" ? "/" : file.slice(0, file.lastIndexOf("/") + 1);
  const open = (path: string) => change({ file: path }, { push: true });
  const bring = async (files: FileList | null) => {
    for (const each of files ?? []) await upload.mutateAsync({ path: folder + each.name, content: each });
    if (files?.length)
      toast(files.length === 1 ? `${files[0]!.name} is stored` : `${files.length} files are stored`, "good");
  };
  return (
    <div className={css.files}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping files is a second way; the button is the first */}
      <div
        className={css.tree}
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void bring(event.dataTransfer.files);
        }}
      >
        <div className={css.bar} role="toolbar" aria-label="Files">
          <IconButton label="New file" onPress={() => setAsks("file")}>
            <FilePlus size={15} />
          </IconButton>
          <IconButton label="New folder" onPress={() => setAsks("folder")}>
            <FolderPlus size={15} />
          </IconButton>
          <IconButton label={`Upload into ${folder}`} onPress={() => input.current?.click()}>
            <Upload size={15} />
          </IconButton>
          <a className={css.all} href={filesUrl(namespace)} download>
            <Download size={14} aria-hidden /> all as ZIP
          </a>
          <input
            ref={input}
            type="file"
            multiple
            hidden
            aria-label="Files to upload"
            onChange={(event) => {
              void bring(event.target.files).finally(() => {
                if (input.current) input.current.value = "";
              });
            }}
          />
        </div>
        {top.isPending ? (
          <Loading lines={5} what="the files" />
        ) : top.isError ? (
          <ErrorBox error={top.error} retry={() => void top.refetch()} />
        ) : top.data.length === 0 ? (
          <Empty
            title="No files yet"
            action={<Button onPress={() => input.current?.click()}>Upload files</Button>}
          >
            Scripts and queries that flows of {namespace} read. Drop them here.
          </Empty>
        ) : (
          <div className={css.scroll}>
            <ul aria-label="Files">
              <Folder namespace={namespace} path="/" depth={0} openFile={file} onFile={open} />
            </ul>
          </div>
        )}
      </div>
      <div className={css.view}>
        {file === "" ? (
          <Empty title="Choose a file">Its text is shown here, and can be changed.</Empty>
        ) : (
          <FileView key={file} namespace={namespace} path={file} onPath={(path) => change({ file: path })} />
        )}
      </div>
      {asks !== null && (
        <AskPath
          title={asks === "file" ? "New file" : "New folder"}
          path={folder}
          verb="Create"
          onClose={() => setAsks(null)}
          onPath={async (path) => {
            if (asks === "folder") await makeFolder.mutateAsync(path);
            else {
              await upload.mutateAsync({ path, content: new Blob([""]) });
              open(path);
            }
          }}
        />
      )}
    </div>
  );
}
