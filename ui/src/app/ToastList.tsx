import { X } from "lucide-react";
import { Link } from "react-router";
import { IconButton } from "~/parts/Button";
import { useStore } from "./store";
import css from "./ToastList.module.css";
import { closeToast, toasts } from "./toasts";

/** What was just told; read out without taking the focus. */
export function ToastList() {
  const shown = useStore(toasts);
  return (
    <div className={css.toasts} role="status" aria-live="polite">
      {shown.map((each) => (
        <div key={each.id} className={css.toast} data-tone={each.tone}>
          <p className={css.text}>{each.text}</p>
          {each.link && <Link to={each.link.to}>{each.link.text}</Link>}
          <IconButton small label="Close" onPress={() => closeToast(each.id)}>
            <X size={14} />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
