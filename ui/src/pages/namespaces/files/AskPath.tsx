import { useState } from "react";
import { messageOf } from "~/api/errors";
import { Button } from "~/parts/Button";
import { Dialog } from "~/parts/Dialog";
import css from "../Namespaces.module.css";

/** Where a file or folder is to be. */
export function AskPath({
  title,
  path,
  verb,
  onPath,
  onClose,
}: {
  title: string;
  path: string;
  verb: string;
  onPath: (path: string) => Promise<void>;
  onClose: () => void;
}) {
  const [text, setText] = useState(path);
  const [wrong, setWrong] = useState<string | null>(null);
  const whole = text.startsWith("/") ? text : `/${text}`;
  const go = () => onPath(whole).then(onClose, (error) => setWrong(messageOf(error)));
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" onPress={() => void go()} isDisabled={whole.endsWith("/")}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!whole.endsWith("/")) void go();
        }}
      >
        <label>
          Path
          <input
            value={text}
            onChange={(event) => setText(event.target.value)}
            spellCheck={false}
            autoComplete="off"
          />
        </label>
        {wrong !== null && (
          <p className={css.wrong} role="alert">
            {wrong}
          </p>
        )}
      </form>
    </Dialog>
  );
}
