import {
  Activity,
  Boxes,
  CalendarClock,
  FlaskConical,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  ScrollText,
  Workflow,
} from "lucide-react";

export interface Place {
  path: string;
  title: string;
  icon: LucideIcon;
  /** The second key after `g`. */
  key: string;
}

export const MENU: readonly Place[] = [
  { path: "/", title: "Dashboard", icon: LayoutDashboard, key: "d" },
  { path: "/flows", title: "Flows", icon: Workflow, key: "f" },
  { path: "/executions", title: "Executions", icon: Activity, key: "e" },
  { path: "/taskruns", title: "Task Runs", icon: ListChecks, key: "t" },
  { path: "/logs", title: "Logs", icon: ScrollText, key: "l" },
  { path: "/triggers", title: "Triggers", icon: CalendarClock, key: "r" },
  { path: "/namespaces", title: "Namespaces", icon: Boxes, key: "n" },
  { path: "/playground", title: "Playground", icon: FlaskConical, key: "p" },
];
