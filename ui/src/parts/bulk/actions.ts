/** What can be done to many at once, in words. */
import {
  CirclePause,
  CirclePlay,
  CircleStop,
  type LucideIcon,
  PencilLine,
  Repeat,
  RotateCcw,
  Tag,
  Trash2,
} from "lucide-react";

export interface Action {
  id: string;
  title: string;
  icon: LucideIcon;
  /** Said in the dialog. */
  says: string;
  danger?: boolean;
  needs?: "state" | "labels";
}

export const KILL: Action = {
  id: "kill",
  title: "Kill",
  icon: CircleStop,
  says: "Ends the executions that these belong to: nothing more is started, and what runs is told to stop.",
  danger: true,
};
export const RESTART: Action = {
  id: "restart",
  title: "Restart",
  icon: RotateCcw,
  says: "Runs again what failed, in the same executions. What went well stays.",
};
export const REPLAY: Action = {
  id: "replay",
  title: "Replay",
  icon: Repeat,
  says: "Starts new executions that begin at these task runs. What came before is taken over as it was.",
};
export const CHANGE_STATE: Action = {
  id: "changeState",
  title: "Change state",
  icon: PencilLine,
  says: "Puts them into another state by hand. The execution goes on from there.",
  needs: "state",
};
export const LABELS: Action = {
  id: "labels",
  title: "Set labels",
  icon: Tag,
  says: "Sets labels on the executions. Others stay; a key that is there gets the new value.",
  needs: "labels",
};
export const RESUME: Action = {
  id: "resume",
  title: "Resume",
  icon: CirclePlay,
  says: "Goes on with executions that are paused.",
};
export const PAUSE: Action = {
  id: "pause",
  title: "Pause",
  icon: CirclePause,
  says: "Starts nothing more in executions that run; what runs goes on.",
};
export const DELETE: Action = {
  id: "delete",
  title: "Delete",
  icon: Trash2,
  says: "Deletes whole executions with all their task runs, logs, metrics and files. There is no way back.",
  danger: true,
};

export const ACTIONS: readonly Action[] = [
  KILL,
  RESTART,
  REPLAY,
  CHANGE_STATE,
  LABELS,
  RESUME,
  PAUSE,
  DELETE,
];

/** `a=1, b=2` or a line each, as a map; null: something is no `key=value`. */
export function labelsOf(text: string): Record<string, string> | null {
  const found: Record<string, string> = {};
  for (const each of text.split(/[\n,]/)) {
    if (each.trim() === "") continue;
    const at = each.search(/[=:]/);
    if (at <= 0 || each.slice(at + 1).trim() === "") return null;
    found[each.slice(0, at).trim()] = each.slice(at + 1).trim();
  }
  return Object.keys(found).length > 0 ? found : null;
}
