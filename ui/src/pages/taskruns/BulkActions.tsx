/** What can be done with the chosen rows. */
import { Ellipsis } from "lucide-react";
import { Button, IconButton } from "~/parts/Button";
import {
  type Action,
  CHANGE_STATE,
  DELETE,
  KILL,
  LABELS,
  REPLAY,
  RESTART,
  RESUME,
} from "~/parts/bulk/actions";
import { Menu } from "~/parts/Menu";

const FIRST = [KILL, RESTART, REPLAY];
const MORE = [CHANGE_STATE, LABELS, RESUME, DELETE];

export function BulkActions({ onAction }: { onAction: (action: Action) => void }) {
  return (
    <>
      {FIRST.map((action) => (
        <Button
          key={action.id}
          small
          kind={action.danger ? "danger" : "plain"}
          onPress={() => onAction(action)}
        >
          <action.icon size={13} /> {action.title}
        </Button>
      ))}
      <Menu
        label="More to do with the selection"
        trigger={
          <IconButton small label="More to do with the selection">
            <Ellipsis size={15} />
          </IconButton>
        }
        items={MORE.map((action) => ({
          id: action.id,
          title: `${action.title}…`,
          icon: <action.icon size={14} />,
          tone: action.danger ? "danger" : undefined,
        }))}
        onAction={(id) => {
          const action = MORE.find((each) => each.id === id);
          if (action !== undefined) onAction(action);
        }}
      />
    </>
  );
}
