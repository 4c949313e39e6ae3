import { Dialog } from "~/parts/Dialog";
import css from "./KeysDialog.module.css";
import { keyGroups } from "./keys";
import { useStore } from "./store";

/** All keys that count here and now. */
export function KeysDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const groups = useStore(keyGroups);
  const byTitle = Map.groupBy(
    groups.map((group) => group.current),
    (group) => group.title,
  );
  return (
    <Dialog title="Keys" isOpen={isOpen} onClose={onClose}>
      <div className={css.groups}>
        {[...byTitle].map(([title, same]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {same
                .flatMap((group) => group.keys)
                .filter((key) => !key.off)
                .map((key) => (
                  <div key={key.keys} className={css.key}>
                    <dt>
                      {key.keys.split(/[ +]/).map((part) => (
                        <kbd key={part}>{part === "mod" ? "Ctrl" : part}</kbd>
                      ))}
                    </dt>
                    <dd>{key.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
