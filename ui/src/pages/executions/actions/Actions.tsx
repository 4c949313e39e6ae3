/** The likeliest action as a button, all that are possible in a menu; each asks before it acts. */
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Execution } from "~/api/types";
import { useKeys } from "~/app/keys";
import { executionLink } from "~/app/links";
import { toast } from "~/app/toasts";
import { Button } from "~/parts/Button";
import { Menu } from "~/parts/Menu";
import { DeedDialog } from "./DeedDialog";
import { DEEDS, type DeedId } from "./deeds";

const FIRST: readonly DeedId[] = ["resume", "unqueue", "restart", "kill", "replay"];

export function Actions({ execution, onDone }: { execution: Execution; onDone: () => void }) {
  const [asked, setAsked] = useState<DeedId | null>(null);
  const navigate = useNavigate();
  const possible = DEEDS.filter((deed) => deed.can(execution));
  const first = FIRST.map((id) => possible.find((deed) => deed.id === id)).find((deed) => deed !== undefined);
  const deed = DEEDS.find((each) => each.id === asked);
  useKeys(
    "Actions",
    DEEDS.flatMap(({ id, key, title }) =>
      key === undefined
        ? []
        : [
            {
              keys: key,
              does: title,
              run: () => setAsked(id),
              off: !possible.some((each) => each.id === id),
            },
          ],
    ),
  );
  return (
    <>
      {first && (
        <Button
          kind={first.id === "resume" || first.id === "restart" ? "primary" : (first.tone ?? "plain")}
          onPress={() => setAsked(first.id)}
        >
          <first.icon size={15} /> {first.title}
        </Button>
      )}
      <Menu
        label="Actions"
        trigger={
          <Button>
            Actions <ChevronDown size={14} />
          </Button>
        }
        items={possible.map(({ id, title, icon: Icon, tone }) => ({
          id,
          title,
          tone,
          icon: <Icon size={14} />,
        }))}
        onAction={(id) => setAsked(id as DeedId)}
      />
      {deed && (
        <DeedDialog
          deed={deed}
          execution={execution}
          onClose={() => setAsked(null)}
          onDone={(made) => {
            setAsked(null);
            const isNew = made !== undefined && made.id !== execution.id;
            toast(
              `${deed.title}: ${isNew ? "a new execution begins" : "done"}`,
              "good",
              isNew ? { to: executionLink(execution.id), text: "Back to the one before" } : undefined,
            );
            if (deed.id === "delete") void navigate("/executions", { replace: true });
            else if (isNew) void navigate(executionLink(made.id));
            else onDone();
          }}
        />
      )}
    </>
  );
}
