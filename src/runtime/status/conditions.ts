import type { Condition } from './condition.ts';

/**
 * Longest message of a condition, in UTF-16 units. metav1.Condition takes 32,768, but a message is read in a terminal
 * and goes out with each status write, and the same text is refused in an Event above 1,024 (events.k8s.io/v1).
 */
export const MAX_MESSAGE = 1_024;

/** What a caller says of a condition; the rest follows from the list and the moment. */
export type Finding = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface Moment {
  /** The generation that was read, not the one the object may have by now. Absent for kinds without one. */
  readonly generation: number | undefined;
  /** Wall time, ms since the epoch. */
  readonly now: number;
}

/** `reason` as the API server checks it in metav1.Condition, without its rarely used `:` and `,`. */
const REASON = /^[A-Za-z]\w{0,1022}$/;

/**
 * The list with the condition set. `lastTransitionTime` moves only when the status changes (docs/kubernetes.md
 * section 9); a list in which nothing changes is returned as is, so `===` shows whether there is something to write.
 */
export function setCondition(list: readonly Condition[], finding: Finding, at: Moment): readonly Condition[] {
  const { type, status, reason } = finding;
  if (!REASON.test(reason)) {
    throw new TypeError(
      `Expected \`reason\` of condition ${type} to be one CamelCase word, got \`${reason}\``,
    );
  }
  const held = list.find((condition) => condition.type === type);
  const message = cut(finding.message);
  const next: Condition = {
    type,
    status,
    reason,
    message,
    lastTransitionTime: held?.status === status ? held.lastTransitionTime : timestamp(at.now),
    ...(at.generation !== undefined && { observedGeneration: at.generation }),
  };
  if (!held) return [...list, next];
  if (same(held, next)) return list;
  return list.map((condition) => (condition === held ? next : condition));
}

/** The list without the condition; the same list if it was not there. */
export function removeCondition(list: readonly Condition[], type: string): readonly Condition[] {
  return list.some((condition) => condition.type === type)
    ? list.filter((condition) => condition.type !== type)
    : list;
}

export function findCondition(list: readonly Condition[], type: string): Condition | undefined {
  return list.find((condition) => condition.type === type);
}

/** Time as the API server writes it: RFC 3339, whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Cuts a message at `max` UTF-16 units, the last an ellipsis; never in the middle of a character. */
export function cut(message: string, max = MAX_MESSAGE): string {
  if (message.length <= max) return message;
  const head = message.slice(0, max - 1);
  return `${head.isWellFormed() ? head : head.slice(0, -1)}…`;
}

function same(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}
