/** Instants as people read them: in UTC or in this machine's zone, always with milliseconds. */
import { kept } from "~/app/store";

export type Zone = "local" | "utc";
export const zone = kept<Zone>("zone", ["local", "utc"], "local");

const pad = (value: number, digits = 2) => String(value).padStart(digits, "0");

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

interface Fields {
  year: number;
  /** `11-24` */
  date: string;
  /** `Nov 24` */
  day: string;
  time: string;
  ms: string;
}

function fields(at: Date, of: Zone): Fields {
  const utc = of === "utc";
  const year = utc ? at.getUTCFullYear() : at.getFullYear();
  const month = (utc ? at.getUTCMonth() : at.getMonth()) + 1;
  const day = utc ? at.getUTCDate() : at.getDate();
  const hour = utc ? at.getUTCHours() : at.getHours();
  const minute = utc ? at.getUTCMinutes() : at.getMinutes();
  const second = utc ? at.getUTCSeconds() : at.getSeconds();
  return {
    year,
    date: `${pad(month)}-${pad(day)}`,
    day: `${MONTHS[month - 1]} ${pad(day)}`,
    time: `${pad(hour)}:${pad(minute)}:${pad(second)}`,
    ms: pad(at.getMilliseconds(), 3),
  };
}

/** `Nov 24 10:11:12.345`, with the year if it is another one than now's. */
export function instantText(at: Date, of: Zone, now = new Date()): string {
  const { year, day, time, ms } = fields(at, of);
  return `${year === now.getFullYear() ? "" : `${year} `}${day} ${time}.${ms}`;
}

/** What an axis says at a place: the day at its beginning, else the time, as fine as the steps are. */
export function tickText(at: Date, of: Zone, stepMs: number): string {
  const { day, time } = fields(at, of);
  if (stepMs >= 86_400_000 || time === "00:00:00") return day;
  return stepMs >= 60_000 ? time.slice(0, 5) : time;
}

/** `10:11:12.345` */
export function clockText(at: Date, of: Zone): string {
  const { time, ms } = fields(at, of);
  return `${time}.${ms}`;
}

/** `2026-11-24 10:11`: for axes and ranges. */
export function minuteText(at: Date, of: Zone): string {
  const { year, date, time } = fields(at, of);
  return `${year}-${date} ${time.slice(0, 5)}`;
}

/** The name of this machine's zone with its distance, `UTC+01:00`. */
export function zoneText(of: Zone, at = new Date()): string {
  if (of === "utc") return "UTC";
  const minutes = -at.getTimezoneOffset();
  const sign = minutes < 0 ? "−" : "+";
  return `UTC${sign}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
}
