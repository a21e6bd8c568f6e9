/**
 * Order of two resourceVersions of one resource type: negative, 0 or positive, or undefined if they cannot be ordered.
 * Since Kubernetes 1.35 they are by contract decimal integers without bound (KEP-5504), so they are compared by length,
 * then by digits; anything else is opaque, and only equality is known.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!isOrdered(a) || !isOrdered(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** Where they can be ordered. */
export function isOlder(version: string, than: string): boolean {
  return (compareVersions(version, than) ?? 0) < 0;
}

const isOrdered = (version: string) => /^[1-9][0-9]*$/.test(version);
