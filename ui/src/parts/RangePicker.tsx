import { CalendarClock, ChevronDown } from "lucide-react";
import { useState } from "react";
import { Dialog as AriaDialog, DialogTrigger, Popover } from "react-aria-components";
import { useStore } from "~/app/store";
import { instantText, minuteText, type Zone, zone, zoneText } from "~/time/zone";
import { ALL_TIME, RANGES, type TimeRange } from "~/url/range";
import { Button } from "./Button";
import css from "./RangePicker.module.css";

interface Props {
  range: TimeRange;
  onRange: (range: TimeRange) => void;
}

/** The time range: a relative one, which stays relative when it is shared, or from and to. */
export function RangePicker({ range, onRange }: Props) {
  const of = useStore(zone);
  return (
    <DialogTrigger>
      <Button>
        <CalendarClock size={15} /> {rangeText(range, of)} <ChevronDown size={13} />
      </Button>
      <Popover className={css.popover} offset={4} placement="bottom end">
        <AriaDialog aria-label="Time range" className={css.dialog}>
          {({ close }) => (
            <Choices
              range={range}
              of={of}
              choose={(next) => {
                onRange(next);
                close();
              }}
            />
          )}
        </AriaDialog>
      </Popover>
    </DialogTrigger>
  );
}

function Choices({ range, of, choose }: { range: TimeRange; of: Zone; choose: (range: TimeRange) => void }) {
  const [from, setFrom] = useState(fieldText(range.startDate, of));
  const [to, setTo] = useState(fieldText(range.endDate, of));
  return (
    <>
      <ul className={css.list}>
        {[...RANGES, { timeRange: ALL_TIME, title: "All time" }].map((each) => (
          <li key={each.timeRange}>
            <button
              type="button"
              className={css.choice}
              aria-pressed={each.timeRange === range.timeRange}
              onClick={() => choose({ timeRange: each.timeRange })}
            >
              {each.title}
            </button>
          </li>
        ))}
      </ul>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          choose({ startDate: instantOf(from, of), endDate: instantOf(to, of) });
        }}
      >
        <label>
          From
          <input
            type="datetime-local"
            step="1"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
        </label>
        <label>
          To
          <input type="datetime-local" step="1" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
        <p>In {zoneText(of)}; an empty end is now.</p>
        <Button type="submit" kind="primary" isDisabled={from === "" && to === ""}>
          Apply
        </Button>
      </form>
    </>
  );
}

export function rangeText(range: TimeRange, of: Zone): string {
  if (range.timeRange === ALL_TIME) return "All time";
  const known = RANGES.find((each) => each.timeRange === range.timeRange);
  if (known !== undefined) return known.title;
  if (range.timeRange !== undefined) return `Last ${range.timeRange}`;
  const from = range.startDate ? instantText(new Date(range.startDate), of).slice(0, -4) : "the beginning";
  const to = range.endDate ? instantText(new Date(range.endDate), of).slice(0, -4) : "now";
  return `${from} – ${to}`;
}

function fieldText(iso: string | undefined, of: Zone): string {
  if (iso === undefined) return "";
  const at = new Date(iso);
  const seconds = String(of === "utc" ? at.getUTCSeconds() : at.getSeconds()).padStart(2, "0");
  return `${minuteText(at, of).replace(" ", "T")}:${seconds}`;
}

function instantOf(text: string, of: Zone): string | undefined {
  if (text === "") return undefined;
  return new Date(of === "utc" ? `${text}Z` : text).toISOString();
}
