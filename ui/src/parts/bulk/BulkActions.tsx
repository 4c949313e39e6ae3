/** What can be done with the chosen rows. */
import { Ellipsis } from "lucide-react";
import { Button, IconButton } from "../Button";
import { Menu } from "../Menu";
import { type Action, CHANGE_STATE, DELETE, KILL, LABELS, REPLAY, RESTART, RESUME } from "./actions";

const FIRST = [KILL, RESTART, REPLAY];
const MORE = [CHANGE_STATE, LABELS, RESUME, DELETE];

interface Props {
  /** As buttons, and in the menu. */
  first?: readonly Action[];
  more?: readonly Action[];
  onAction: (action: Action) => void;
}

export function BulkActions({ first = FIRST, more = MORE, onAction }: Props) {
  return (
    <>
      {first.map((action) => (
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
        items={more.map((action) => ({
          id: action.id,
          title: `${action.title}…`,
          icon: <action.icon size={14} />,
          tone: action.danger ? "danger" : undefined,
        }))}
        onAction={(id) => {
          const action = more.find((each) => each.id === id);
          if (action !== undefined) onAction(action);
        }}
      />
    </>
  );
}
