/** All flows: found by their names, labels and text; how each went lately; stored, taken away and switched in bulk. */
import { Plus } from "lucide-react";
import { Link } from "react-router";
import { useNamespaces } from "~/api/flows";
import { Card, Page } from "~/parts/Page";
import { SearchField } from "~/parts/SearchField";
import { useSearch, useText } from "~/url/search";
import { FlowList } from "./list/FlowList";
import css from "./list/FlowList.module.css";
import { ImportFlows } from "./list/ImportFlows";

export function Component() {
  const [, change] = useSearch();
  const [q, setQ] = useText("q");
  const [namespace, setNamespace] = useText("namespace");
  const [label, setLabel] = useText("labels");
  const [place] = useText("in", "names");
  const namespaces = useNamespaces();
  return (
    <Page
      title="Flows"
      actions={
        <>
          <ImportFlows />
          <Link
            className={css.new}
            to={`/flows/new${namespace ? `?namespace=${encodeURIComponent(namespace)}` : ""}`}
          >
            <Plus size={15} aria-hidden /> New flow
          </Link>
        </>
      }
    >
      <div className={css.bar}>
        <SearchField
          label="Search flows"
          value={q}
          onValue={setQ}
          placeholder={place === "source" ? "Text in the source of flows" : "Id, namespace or description"}
        />
        <label className={css.choice}>
          <span>in</span>
          <select
            aria-label="Where to search"
            value={place}
            onChange={(event) => change({ in: event.target.value === "source" ? "source" : null })}
          >
            <option value="names">names</option>
            <option value="source">source</option>
          </select>
        </label>
        <label className={css.choice}>
          <span>Namespace</span>
          <select value={namespace} onChange={(event) => setNamespace(event.target.value)}>
            <option value="">all</option>
            {withAbove(namespaces.data ?? []).map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <LabelField value={label} onValue={setLabel} />
      </div>
      <Card fill label="Flows">
        <FlowList q={q} namespace={namespace} label={label} inSource={place === "source"} />
      </Card>
    </Page>
  );
}

/** Namespaces with those above them: each holds those below. */
function withAbove(names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const name of names) {
    const steps = name.split(".");
    for (let end = 1; end <= steps.length; end++) found.add(steps.slice(0, end).join("."));
  }
  return [...found].sort();
}

/** `key:value`; as long as there is no colon it is not asked. */
function LabelField({ value, onValue }: { value: string; onValue: (value: string) => void }) {
  return (
    <label className={css.choice}>
      <span>Label</span>
      <input
        key={value}
        defaultValue={value}
        placeholder="key:value"
        spellCheck={false}
        pattern=".+:.*"
        onKeyDown={(event) => {
          if (event.key === "Enter") onValue(event.currentTarget.value);
        }}
        onBlur={(event) => onValue(event.currentTarget.value)}
      />
    </label>
  );
}
