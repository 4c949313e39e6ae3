import { Check, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import type { BulkResult } from "~/api/bulk";
import { executionLink } from "~/app/links";
import css from "./BulkDialog.module.css";

const SHOWN_MAX = 200;

interface Props {
  ok: number;
  refused: number;
  results: readonly BulkResult[];
  okWord: string;
  head?: string;
  nameOf?: (id: string) => ReactNode;
}

/** One row for each item: whether, and what or why not. */
export function Results({ ok, refused, results, okWord, head, nameOf }: Props) {
  const [onlyRefused, setOnlyRefused] = useState(false);
  const listed = onlyRefused ? results.filter((each) => !each.ok) : results;
  return (
    <>
      <div className={css.sums} role="status">
        {head && <span className={css.hint}>{head}</span>}
        <span className={css.ok}>
          <Check size={14} aria-hidden /> {ok.toLocaleString()} {okWord}
        </span>
        {refused > 0 && (
          <button
            type="button"
            className={css.refused}
            aria-pressed={onlyRefused}
            onClick={() => setOnlyRefused(!onlyRefused)}
          >
            <X size={14} aria-hidden /> {refused.toLocaleString()} refused
          </button>
        )}
      </div>
      <div className={css.scroll}>
        <table className={css.results}>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Execution</th>
              <th scope="col">Result</th>
            </tr>
          </thead>
          <tbody>
            {listed.slice(0, SHOWN_MAX).map((each) => (
              <tr key={each.id} data-refused={!each.ok || undefined}>
                <td>{nameOf?.(each.id) ?? <code title={each.id}>{each.id.slice(0, 8)}</code>}</td>
                <td>
                  {each.executionId && (
                    <Link to={executionLink(each.executionId)} title={each.executionId}>
                      <code>{each.executionId.slice(0, 8)}</code>
                    </Link>
                  )}
                </td>
                <td>
                  {each.ok ? <Check size={13} aria-label="yes" /> : <X size={13} aria-label="no" />}{" "}
                  {each.ok ? each.would : each.message}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {listed.length > SHOWN_MAX && (
          <p className={css.hint}>and {(listed.length - SHOWN_MAX).toLocaleString()} more</p>
        )}
      </div>
    </>
  );
}
