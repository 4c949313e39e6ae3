/** Which columns are shown: those of the list, all other fields, and single labels, outputs, metrics, inputs. */
import { Columns3 } from "lucide-react";
import { useEffect, useState } from "react";
import { Dialog as AriaDialog, DialogTrigger, Popover } from "react-aria-components";
import type { TaskRun } from "~/api/types";
import { Button } from "~/parts/Button";
import { type Column, defaultColumns } from "~/parts/columns";
import css from "./ColumnsMenu.module.css";
import { COLUMNS, MAPS } from "./columns";

interface Props {
  columns: readonly Column<TaskRun>[];
  shown: readonly string[];
  onShown: (ids: readonly string[]) => void;
}

export function ColumnsMenu({ columns, shown, onShown }: Props) {
  const [key, setKey] = useState("");
  const [map, setMap] = useState(MAPS[0] ?? "");
  // The address follows a moment later; clicks in quick succession count all.
  const [chosen, setChosen] = useState(shown);
  useEffect(() => setChosen(shown), [shown]);
  const choose = (ids: ReadonlySet<string>) => {
    const known = columns.map((column) => column.id);
    const rest = [...ids].filter((id) => !known.includes(id));
    const next = [...known.filter((id) => ids.has(id)), ...rest];
    setChosen(next);
    onShown(next);
  };
  return (
    <DialogTrigger>
      <Button small>
        <Columns3 size={14} /> Columns
      </Button>
      <Popover className={css.popover} offset={4} placement="bottom end">
        <AriaDialog aria-label="Columns" className={css.dialog}>
          <ul className={css.list}>
            {columns.map((column) => (
              <li key={column.id}>
                <label>
                  <input
                    type="checkbox"
                    checked={chosen.includes(column.id)}
                    disabled={column.primary}
                    onChange={(event) => {
                      const next = new Set(chosen);
                      if (event.target.checked) next.add(column.id);
                      else next.delete(column.id);
                      choose(next);
                    }}
                  />
                  {column.title}
                </label>
              </li>
            ))}
          </ul>
          <form
            className={css.form}
            onSubmit={(event) => {
              event.preventDefault();
              if (key.trim() === "" || key.includes(",")) return;
              choose(new Set([...chosen, `${map}.${key.trim()}`]));
              setKey("");
            }}
          >
            <select aria-label="Column of" value={map} onChange={(event) => setMap(event.target.value)}>
              {MAPS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
            <input
              aria-label="Key"
              placeholder="team"
              spellCheck={false}
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
            <Button small type="submit">
              Add
            </Button>
          </form>
          <div className={css.foot}>
            <Button small kind="quiet" onPress={() => onShown(defaultColumns(COLUMNS))}>
              As at first
            </Button>
          </div>
        </AriaDialog>
      </Popover>
    </DialogTrigger>
  );
}
