const PARTS =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const FACTORS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000];

/** Milliseconds of an ISO duration such as PT1.5S; null if it is none. */
export function durationMs(iso: string): number | null {
  const found = PARTS.exec(iso);
  if (found === null) return null;
  return FACTORS_MS.reduce((sum, factor, place) => sum + Number(found[place + 1] ?? 0) * factor, 0);
}

/** 12 ms, 1.234 s, 2 m 05.1 s, 3 h 12 m, 2 d 4 h: never more digits than help. */
export function durationText(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 1_000) return `${Math.round(whole)} ms`;
  if (whole < 60_000) return `${(Math.floor(whole) / 1_000).toFixed(3)} s`;
  const minutes = Math.floor(whole / 60_000);
  if (minutes < 60)
    return `${minutes} m ${(Math.floor((whole % 60_000) / 100) / 10).toFixed(1).padStart(4, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** 3 s, 5 min, 2 h, 4 d: how long ago, roughly. */
export function roughly(ms: number): string {
  const s = Math.max(0, ms) / 1_000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5_400) return `${Math.round(s / 60)} min`;
  if (s < 129_600) return `${Math.round(s / 3_600)} h`;
  return `${Math.round(s / 86_400)} d`;
}
