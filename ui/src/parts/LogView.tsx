/**
 * Log lines, however many: levels, search, colours of terminals, and the end kept in sight while lines come.
 *
 * Level and words are the page's (they stand in the address); where it wants the server to search, it passes
 * the lines that the server found.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, ChevronDown, ChevronUp, Download, WrapText } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { LEVELS, type Level, type LogLine } from "~/api/types";
import { useStore } from "~/app/store";
import { clockText, instantText, type Zone, zone } from "~/time/zone";
import { piecesOf, plainText } from "./ansi";
import { IconButton } from "./Button";
import css from "./LogView.module.css";

export interface LogViewProps {
  lines: readonly LogLine[];
  /** Lines still come: follow the end until someone scrolls up. */
  live?: boolean;
  minLevel: Level;
  onMinLevel: (level: Level) => void;
  words: string;
  onWords: (words: string) => void;
  /** Before each message: which task run it is of, for logs of several. */
  tagOf?: (line: LogLine) => ReactNode;
  /** The whole date instead of the time of day. */
  dates?: boolean;
  empty?: ReactNode;
  /** In the bar, to the right. */
  actions?: ReactNode;
  /** The name of the file that "download" makes; none: no download. */
  fileName?: string;
}

const ROW = 20;
const AT_END_PX = 30;

export function LogView(props: LogViewProps) {
  const { lines, live = false, minLevel, words, tagOf, dates = false } = props;
  const of = useStore(zone);
  const [wrap, setWrap] = useState(true);
  const [follow, setFollow] = useState(live);
  const [hit, setHit] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const shown = useMemo(
    () => lines.filter((line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(minLevel)),
    [lines, minLevel],
  );
  const needle = words.trim().toLowerCase();
  const hits = useMemo(
    () =>
      needle === ""
        ? []
        : shown.flatMap((line, at) => (plainText(line.message).toLowerCase().includes(needle) ? [at] : [])),
    [shown, needle],
  );
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other sizes, measured anew
  useEffect(() => virtual.measure(), [wrap]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each new line
  useEffect(() => {
    if (follow && shown.length > 0) virtual.scrollToIndex(shown.length - 1, { align: "end" });
  }, [follow, shown.length]);

  const goTo = (place: number) => {
    if (hits.length === 0) return;
    const next = (place + hits.length) % hits.length;
    setHit(next);
    setFollow(false);
    virtual.scrollToIndex(hits[next]!, { align: "center" });
  };
  const onScroll = () => {
    const at = box.current;
    if (at !== null && live) setFollow(at.scrollHeight - at.scrollTop - at.clientHeight < AT_END_PX);
  };

  return (
    <div className={css.log}>
      <div className={css.bar}>
        <select
          className={css.level}
          aria-label="Lowest level"
          value={minLevel}
          onChange={(event) => props.onMinLevel(event.target.value as Level)}
        >
          {LEVELS.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </select>
        <input
          type="search"
          className={css.search}
          aria-label="Search in the log"
          placeholder="Search in the log"
          value={words}
          onChange={(event) => {
            setHit(0);
            props.onWords(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") goTo(event.shiftKey ? hit - 1 : hit + 1);
          }}
        />
        {needle !== "" && (
          <span className={css.hits} role="status">
            {hits.length === 0 ? "no hit" : `${hit + 1} of ${hits.length}`}
            <IconButton small label="Hit before" onPress={() => goTo(hit - 1)}>
              <ChevronUp size={14} />
            </IconButton>
            <IconButton small label="Next hit" onPress={() => goTo(hit + 1)}>
              <ChevronDown size={14} />
            </IconButton>
          </span>
        )}
        <span className={css.right}>
          <span className={css.count}>{shown.length.toLocaleString()} lines</span>
          {props.actions}
          {live && (
            <IconButton small label="Follow the end" pressed={follow} onPress={() => setFollow(!follow)}>
              <ArrowDownToLine size={14} />
            </IconButton>
          )}
          <IconButton small label="Wrap long lines" pressed={wrap} onPress={() => setWrap(!wrap)}>
            <WrapText size={14} />
          </IconButton>
          {props.fileName && (
            <IconButton small label="Download" onPress={() => download(props.fileName!, shown)}>
              <Download size={14} />
            </IconButton>
          )}
        </span>
      </div>
      {shown.length === 0 ? (
        (props.empty ?? (
          <p className={css.none}>
            {lines.length === 0 ? "No lines" : `No lines of level ${minLevel} or above`}
          </p>
        ))
      ) : (
        <div
          ref={box}
          className={css.lines}
          role="log"
          aria-label="Log lines"
          aria-live="off"
          tabIndex={0}
          onScroll={onScroll}
          data-wrap={wrap || undefined}
        >
          <div className={css.all} style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = shown[item.index]!;
              return (
                <div
                  key={item.key}
                  data-index={item.index}
                  ref={wrap ? virtual.measureElement : undefined}
                  className={css.line}
                  data-level={line.level}
                  data-hit={hits[hit] === item.index || undefined}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <Line line={line} of={of} needle={needle} tag={tagOf?.(line)} dates={dates} />
                </div>
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

function Line({
  line,
  of,
  needle,
  tag,
  dates,
}: {
  line: LogLine;
  of: Zone;
  needle: string;
  tag?: ReactNode;
  dates: boolean;
}) {
  const at = new Date(line.timestamp);
  return (
    <>
      <time className={css.time} dateTime={line.timestamp} title={line.timestamp}>
        {dates ? instantText(at, of) : clockText(at, of)}
      </time>
      <span className={css.word}>{line.level}</span>
      <span className={css.message}>
        {tag !== undefined && <span className={css.tag}>{tag}</span>}
        {piecesOf(line.message).map((piece, place) => (
          <span
            key={place}
            className={`${piece.colour === null ? "" : css[`ansi${piece.colour % 8}`]} ${piece.bold ? css.bold : ""}`}
          >
            <Marked text={piece.text} needle={needle} />
          </span>
        ))}
      </span>
    </>
  );
}

/** A text with every place of the needle marked. */
function Marked({ text, needle }: { text: string; needle: string }) {
  if (needle === "") return text;
  const lower = text.toLowerCase();
  const parts: ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(needle); at >= 0; at = lower.indexOf(needle, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + needle.length)}</mark>);
    from = at + needle.length;
  }
  return [...parts, text.slice(from)];
}

function download(name: string, lines: readonly LogLine[]) {
  const text = lines
    .map((line) => `${line.timestamp} ${line.level.padEnd(5)} ${plainText(line.message)}`)
    .join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
