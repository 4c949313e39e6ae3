/** Two revisions of a flow side by side; an older one can be taken into the editor. */
import { Undo2 } from "lucide-react";
import { type Flow, useRevisions } from "~/api/flows";
import { Button } from "~/parts/Button";
import { Diff } from "~/parts/code/CodeEditor";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { Instant } from "~/parts/Time";
import { useSearch } from "~/url/search";
import css from "./Tabs.module.css";

export function Revisions({ flow, onRestore }: { flow: Flow; onRestore: (source: string) => void }) {
  const [params, change] = useSearch();
  const found = useRevisions(flow);
  if (found.isPending) return <Loading what="the revisions" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const all = found.data;
  if (all.length < 2)
    return (
      <Empty title="There is one revision">
        Each saved change makes the next one; they are compared here.
      </Empty>
    );
  const numbers = all.map((each) => each.revision);
  const chosen = (name: string, otherwise: number) => {
    const asked = Number(params.get(name));
    return numbers.includes(asked) ? asked : otherwise;
  };
  const right = chosen("right", numbers.at(-1)!);
  const left = chosen("left", numbers[Math.max(0, numbers.indexOf(right) - 1)]!);
  const unified = params.get("diff") === "unified";
  const before = all.find((each) => each.revision === left)!;
  const after = all.find((each) => each.revision === right)!;
  const same = before.source === after.source;
  return (
    <div className={css.tab}>
      <div className={css.bar}>
        <Choice label="From" all={all} value={left} onChange={(value) => change({ left: value })} />
        <Choice label="to" all={all} value={right} onChange={(value) => change({ right: value })} />
        <span className={css.note}>
          <Instant at={after.updated} />
        </span>
        <span className={css.right}>
          <Button small pressed={unified} onPress={() => change({ diff: unified ? null : "unified" })}>
            One column
          </Button>
          {left !== flow.revision && (
            <Button small onPress={() => onRestore(before.source ?? "")}>
              <Undo2 size={13} /> Take revision {left} into the editor
            </Button>
          )}
        </span>
      </div>
      {same ? (
        <Empty title="No difference">
          Revision {left} and {right} have the same text.
        </Empty>
      ) : (
        <Diff
          before={before.source ?? ""}
          after={after.source ?? ""}
          unified={unified}
          labels={{ before: `Revision ${left}`, after: `Revision ${right}` }}
        />
      )}
    </div>
  );
}

function Choice({
  label,
  all,
  value,
  onChange,
}: {
  label: string;
  all: readonly Flow[];
  value: number;
  onChange: (revision: number) => void;
}) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {all.toReversed().map((each) => (
          <option key={each.revision} value={each.revision}>
            revision {each.revision}
            {each.deleted ? " (deleted)" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}
