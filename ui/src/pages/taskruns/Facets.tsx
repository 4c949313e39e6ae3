/** What the matching task runs are: values with their counts; a click takes one into the query, or out of it. */
import { ChevronDown, Minus } from "lucide-react";
import { memo, type ReactNode, useState } from "react";
import type { Params } from "~/api/client";
import { useFacets, useStatistics } from "~/api/taskruns";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { hasTerm, quoted, withoutTerm, withTerm } from "~/parts/query";
import { StateBadge } from "~/parts/StateBadge";
import css from "./Facets.module.css";

/** What the server counts by, and what a query calls it. */
const FIELDS = [
  { field: "state", term: "state", title: "State" },
  { field: "namespace", term: "namespace", title: "Namespace" },
  { field: "flowId", term: "flow", title: "Flow" },
  { field: "taskId", term: "task", title: "Task" },
] as const;
const NAMES = FIELDS.map((each) => each.field);
const SIZE = 30;
const SHOWN = 6;
const ERRORS = { groupBy: "error", order: "count", size: 10 };

interface Props {
  /** undefined: not yet. */
  params: Params | undefined;
  query: string;
  onQuery: (query: string) => void;
  everyMs: number | false;
}

/** Drawn again for what they say only, not with each page of rows. */
export const Facets = memo(function Facets({ params, query, onQuery, everyMs }: Props) {
  const facets = useFacets(params, NAMES, SIZE, everyMs);
  const errors = useStatistics(params, ERRORS, everyMs);
  if (facets.isPending) return <Loading lines={10} what="the values" />;
  if (facets.isError) return <ErrorBox error={facets.error} retry={() => void facets.refetch()} />;
  const found = errors.data?.groups.filter((group) => group.key.errorFingerprint) ?? [];
  return (
    <div className={css.facets} data-old={facets.isPlaceholderData || undefined}>
      {FIELDS.map(({ field, term, title }) => {
        const facet = facets.data.facets[field];
        return (
          <Facet key={field} title={title} other={facet?.other ?? 0} count={facet?.values.length ?? 0}>
            {(shown) =>
              facet?.values.slice(0, shown).map(({ value, count }) => (
                <Value
                  key={value}
                  term={`${term}:${quoted(value)}`}
                  count={count}
                  most={facet.values[0]?.count ?? 1}
                  query={query}
                  onQuery={onQuery}
                  name={value}
                >
                  {field === "state" ? <StateBadge state={value} plain /> : value}
                </Value>
              ))
            }
          </Facet>
        );
      })}
      {found.length > 0 && (
        <Facet title="Error" other={0} count={found.length}>
          {(shown) =>
            found.slice(0, shown).map((group) => (
              <Value
                key={group.key.errorFingerprint}
                term={`fingerprint:${group.key.errorFingerprint}`}
                count={group.count}
                most={found[0]?.count ?? 1}
                query={query}
                onQuery={onQuery}
                name={group.sample ?? "an error without words"}
              >
                {group.sample ?? <i>an error without words</i>}
              </Value>
            ))
          }
        </Facet>
      )}
    </div>
  );
});

interface FacetProps {
  title: string;
  other: number;
  count: number;
  children: (shown: number) => ReactNode;
}

function Facet({ title, other, count, children }: FacetProps) {
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  if (count === 0) return null;
  return (
    <section className={css.facet} aria-label={title}>
      <button type="button" className={css.title} aria-expanded={open} onClick={() => setOpen(!open)}>
        {title} <ChevronDown size={13} aria-hidden />
      </button>
      {open && (
        <ul>
          {children(all ? count : SHOWN)}
          {count > SHOWN && (
            <li>
              <button type="button" className={css.more} onClick={() => setAll(!all)}>
                {all ? "fewer" : `${count - SHOWN} more`}
              </button>
            </li>
          )}
          {(all || count <= SHOWN) && other > 0 && (
            <li className={css.other}>{other.toLocaleString()} with others</li>
          )}
        </ul>
      )}
    </section>
  );
}

interface ValueProps extends Pick<Props, "query" | "onQuery"> {
  term: string;
  count: number;
  most: number;
  name: string;
  children: ReactNode;
}

function Value({ term, count, most, query, onQuery, name, children }: ValueProps) {
  const chosen = hasTerm(query, term);
  return (
    <li className={css.value}>
      <button
        type="button"
        className={css.pick}
        aria-pressed={chosen}
        title={chosen ? `Take out ${term}` : `Only ${name}`}
        onClick={() => onQuery(chosen ? withoutTerm(query, term) : withTerm(query, term))}
      >
        <span className={css.share} style={{ width: `${Math.max(2, (100 * count) / most)}%` }} aria-hidden />
        <span className={css.name}>{children}</span>
        <span className={css.count}>{count.toLocaleString()}</span>
      </button>
      <button
        type="button"
        className={css.not}
        aria-label={`Without ${name}`}
        title={`Without ${name}`}
        onClick={() => onQuery(withTerm(withoutTerm(query, term), `-${term}`))}
      >
        <Minus size={12} aria-hidden />
      </button>
    </li>
  );
}
