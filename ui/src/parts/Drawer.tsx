import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useKeys } from "~/app/keys";
import { IconButton } from "./Button";
import css from "./Drawer.module.css";

interface DrawerProps {
  /** Whose it is; a new one takes the focus. */
  id: string;
  label: string;
  head: ReactNode;
  actions?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

/** A side of the page about one thing. The list beside it stays usable: `j k` go on there. */
export function Drawer({ id, label, head, actions, onClose, children }: DrawerProps) {
  const box = useRef<HTMLElement>(null);
  useKeys("Drawer", [{ keys: "escape", does: "Close the drawer", run: onClose }]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another id is another thing
  useEffect(() => {
    const table = document.activeElement?.closest('[role="grid"]');
    if (!table) box.current?.focus({ preventScroll: true });
  }, [id]);
  return (
    <aside ref={box} className={css.drawer} aria-label={label} tabIndex={-1}>
      <header className={css.head}>
        <div className={css.title}>{head}</div>
        {actions}
        <IconButton label="Close (Esc)" onPress={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className={css.body}>{children}</div>
    </aside>
  );
}
