/** What `azid check` finds: one line each, with the remedy where there is something to mend. */

export type FindingState = 'ok' | 'problem' | 'unknown';

export interface CheckFinding {
  /** Stable word: `crds`, `rbac`, `lease`, … */
  readonly area: string;
  readonly state: FindingState;
  /** What was found. */
  readonly message: string;
  /** What to do. */
  readonly remedy?: string;
}

/** 0: all is fine. 1: there is a problem. 2: no problem was found, and something is not known. Pure. */
export function exitCodeOf(findings: readonly CheckFinding[]): 0 | 1 | 2 {
  const has = (state: FindingState) => findings.some((each) => each.state === state);
  if (has('problem')) return 1;
  return has('unknown') ? 2 : 0;
}

export const ok = (area: string, message: string): CheckFinding => ({ area, state: 'ok', message });
export const problem = (area: string, message: string, remedy: string): CheckFinding => ({
  area,
  state: 'problem',
  message,
  remedy,
});
export const unknown = (area: string, message: string, remedy: string): CheckFinding => ({
  area,
  state: 'unknown',
  message,
  remedy,
});
