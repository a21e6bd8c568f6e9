/** Whom an assignment's description names, in azid's own words: an assignment has no tags that could say so. */

export interface AssignmentMark {
  readonly installationId: string;
  /** `namespace/name` of the object that is named first. */
  readonly key: string;
  /** Nobody shared it when that was written. */
  readonly alone: boolean;
}

export function assignmentMark(description: string | undefined): AssignmentMark | undefined {
  const [, installationId, key, more] = MARK.exec(description ?? '') ?? [];
  if (installationId === undefined || key === undefined) return undefined;
  return { installationId, key, alone: more === undefined };
}

const MARK = /\[azid (\S+): ([^\s\]]+)( and \d+ more)?\]$/;
