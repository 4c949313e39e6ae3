/** Key-value pairs: looked at, added, changed, deleted. What is written says its type; a pair may end by itself. */
import { Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { messageOf } from "~/api/errors";
import {
  KV_TYPES,
  type KvType,
  type KvValue,
  type Pair,
  useChangePairs,
  usePair,
  usePairs,
} from "~/api/namespaces";
import { BulkBar } from "~/parts/BulkBar";
import { Button } from "~/parts/Button";
import type { Column } from "~/parts/columns";
import { Dialog } from "~/parts/Dialog";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { SearchField } from "~/parts/SearchField";
import { Instant } from "~/parts/Time";
import { VirtualTable } from "~/parts/VirtualTable";
import { useSearch, useSearchHref, useText } from "~/url/search";
import { bodyOf, textOf } from "./kv";
import css from "./Namespaces.module.css";

const idOf = (pair: Pair) => pair.key;

export function KvTab({ namespace }: { namespace: string }) {
  const [, change] = useSearch();
  const hrefOf = useSearchHref();
  const [openKey] = useText("open");
  const [find, setFind] = useText("find");
  const pairs = usePairs(namespace);
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  const { remove } = useChangePairs(namespace, () => setSelection(new Set()));
  const columns = useMemo(() => columnsOf(namespace), [namespace]);
  const rows = useMemo(
    () => (pairs.data ?? []).filter((pair) => pair.key.toLowerCase().includes(find.toLowerCase())),
    [pairs.data, find],
  );
  if (pairs.isPending) return <Loading what="the pairs" />;
  if (pairs.isError) return <ErrorBox error={pairs.error} retry={() => void pairs.refetch()} />;
  const open = pairs.data.find((pair) => pair.key === openKey);
  const close = () => change({ open: null });
  const add = (
    <Button small kind="primary" onPress={() => change({ open: NEW })}>
      <Plus size={13} /> Add a pair
    </Button>
  );
  return (
    <div className={css.tab}>
      <div className={css.tools}>
        <SearchField label="Search keys" value={find} onValue={setFind} placeholder="A part of the key" />
        {add}
      </div>
      <VirtualTable
        label="Key-value pairs"
        columns={columns}
        shown={SHOWN}
        rows={rows}
        idOf={idOf}
        linkOf={(pair) => hrefOf({ open: pair.key })}
        openId={openKey || null}
        selection={selection}
        onSelection={setSelection}
        empty={
          find === "" ? (
            <Empty title="No pairs yet" action={add}>
              Flows of {namespace} read a value by <code>{"{{ kv('key') }}"}</code> and store one by a Set
              task.
            </Empty>
          ) : (
            <Empty title={`No key has “${find}” in it`} />
          )
        }
      />
      {selection.size > 0 && (
        <BulkBar count={selection.size} onClear={() => setSelection(new Set())}>
          <Button
            small
            kind="danger"
            onPress={() => remove.mutate([...selection])}
            isDisabled={remove.isPending}
          >
            <Trash2 size={13} /> Delete
          </Button>
        </BulkBar>
      )}
      {openKey === NEW && <PairDialog namespace={namespace} onClose={close} />}
      {open && <LoadedDialog namespace={namespace} pair={open} onClose={close} />}
    </div>
  );
}

/** No key begins so. */
const NEW = "+";

const columnsOf = (namespace: string): readonly Column<Pair>[] => [
  { id: "key", title: "Key", width: 180, grow: 1, primary: true, cell: (pair) => pair.key },
  {
    id: "value",
    title: "Value",
    width: 220,
    grow: 3,
    cell: (pair) => <ValueCell namespace={namespace} pair={pair} />,
  },
  { id: "updated", title: "Changed", width: 178, cell: (pair) => <Instant at={pair.updateDate} /> },
  {
    id: "expires",
    title: "Ends",
    width: 178,
    cell: (pair) => (pair.expirationDate ? <Instant at={pair.expirationDate} /> : "never"),
  },
];
const SHOWN = ["key", "value", "updated", "expires"];

function ValueCell({ namespace, pair }: { namespace: string; pair: Pair }) {
  const found = usePair(namespace, pair);
  if (found.data === undefined) return null;
  return (
    <>
      <span className={css.type}>{found.data.type}</span> <code>{textOf(found.data).slice(0, 300)}</code>
    </>
  );
}

function LoadedDialog({ namespace, pair, onClose }: { namespace: string; pair: Pair; onClose: () => void }) {
  const found = usePair(namespace, pair);
  if (found.data === undefined) return null;
  return <PairDialog namespace={namespace} pair={pair} value={found.data} onClose={onClose} />;
}

function PairDialog({
  namespace,
  pair,
  value,
  onClose,
}: {
  namespace: string;
  pair?: Pair;
  value?: KvValue;
  onClose: () => void;
}) {
  const [key, setKey] = useState(pair?.key ?? "");
  const [type, setType] = useState<KvType>(value?.type ?? "STRING");
  const [text, setText] = useState(value ? textOf(value) : "");
  const [ttl, setTtl] = useState("");
  const { put, remove } = useChangePairs(namespace, onClose);
  const body = bodyOf(type, text);
  const wrong = put.isError ? messageOf(put.error) : null;
  const save = () => {
    if (key.trim() !== "" && body.ok) put.mutate({ key: key.trim(), body: body.text, ttl: ttl.trim() });
  };
  return (
    <Dialog
      title={pair ? pair.key : "A new pair"}
      isOpen
      onClose={onClose}
      actions={
        <>
          {pair && (
            <Button kind="danger" onPress={() => remove.mutate([pair.key])} isDisabled={remove.isPending}>
              <Trash2 size={14} /> Delete
            </Button>
          )}
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" onPress={save} isDisabled={put.isPending || key.trim() === "" || !body.ok}>
            {put.isPending ? "Saving…" : "Save"}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        {pair === undefined && (
          <label>
            Key
            <input
              value={key}
              onChange={(event) => setKey(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </label>
        )}
        <label>
          Type
          <select value={type} onChange={(event) => setType(event.target.value as KvType)}>
            {KV_TYPES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          Value
          <textarea
            rows={type === "JSON" || type === "STRING" ? 6 : 1}
            value={text}
            placeholder={HINTS[type]}
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        {!body.ok && text !== "" && <p className={css.wrong}>{body.why}</p>}
        <label>
          Ends after
          <input
            value={ttl}
            onChange={(event) => setTtl(event.target.value)}
            placeholder="PT24H; empty: never"
            spellCheck={false}
          />
        </label>
        {wrong !== null && (
          <p className={css.wrong} role="alert">
            {wrong}
          </p>
        )}
      </form>
    </Dialog>
  );
}

const HINTS: Record<KvType, string> = {
  STRING: "any text",
  NUMBER: "42",
  BOOLEAN: "true",
  DATETIME: "2026-11-24T10:15:00Z",
  DATE: "2026-11-24",
  DURATION: "PT5M",
  JSON: '{"a": [1, 2]}',
};
