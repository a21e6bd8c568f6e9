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
