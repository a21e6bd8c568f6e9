import { cut } from './message.ts';

/** Conditions of a status, as metav1.Condition has them. */

/** One condition of an object's status (docs/kubernetes.md section 9). */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** CamelCase, one word, stable. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number | undefined;
}

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

function same(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}
