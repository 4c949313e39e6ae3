/** How each state is shown: a colour, an icon and its word, never the colour alone. */
import {
  Ban,
  CheckCircle2,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleSlash,
  CircleStop,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  OctagonX,
  RefreshCw,
  RotateCcw,
  RotateCw,
  SkipForward,
  TriangleAlert,
} from "lucide-react";
import type { State } from "~/api/types";

export type Hue = "blue" | "violet" | "green" | "orange" | "red" | "yellow" | "grey";

export const STATE_LOOK: Record<State, { hue: Hue; icon: LucideIcon }> = {
  CREATED: { hue: "blue", icon: CircleDashed },
  SUBMITTED: { hue: "blue", icon: CircleDot },
  QUEUED: { hue: "grey", icon: Hourglass },
  RESTARTED: { hue: "blue", icon: RotateCcw },
  RUNNING: { hue: "violet", icon: LoaderCircle },
  PAUSED: { hue: "grey", icon: CirclePause },
  RETRYING: { hue: "grey", icon: RefreshCw },
  KILLING: { hue: "yellow", icon: CircleStop },
  SUCCESS: { hue: "green", icon: CheckCircle2 },
  WARNING: { hue: "orange", icon: TriangleAlert },
  FAILED: { hue: "red", icon: OctagonX },
  KILLED: { hue: "yellow", icon: CircleSlash },
  CANCELLED: { hue: "grey", icon: Ban },
  RETRIED: { hue: "grey", icon: RotateCw },
  SKIPPED: { hue: "grey", icon: SkipForward },
};

const UNKNOWN = { hue: "grey" as Hue, icon: CircleDashed };
export const lookOf = (state: string): { hue: Hue; icon: LucideIcon } =>
  STATE_LOOK[state as State] ?? UNKNOWN;
