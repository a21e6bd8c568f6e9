/** How commands lay out what people read. Pure. */

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The group and what is beneath it: all of a table is in a few subscriptions. */
export function shortened(id: string): string {
  const [, group, rest] = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/(.+)$/i.exec(id) ?? [];
  const short = group === undefined ? id : `${group}/${rest?.replace(/^providers\/[^/]+\//, '')}`;
  return short.length <= 80 ? short : `…${short.slice(-79)}`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How long ago something was, as kubectl writes it: in its largest unit, or in the next smaller one where that says too little.
 *
 * @param ms below zero counts as now: clocks differ
 */
export function age(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))}s`;
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  return `${Math.floor(ms / DAY)}d`;
}

/** Since a time in RFC 3339; `unknown` for what is none. */
export function ageSince(time: string | undefined, now: number): string {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? 'unknown' : age(now - at);
}
