import { type CheckFinding, exitCodeOf, type FindingState } from '../../check/finding.ts';

/** What `azid check` prints. Pure. */

const WIDTH = Math.max(
  ...(['ok', 'problem', 'unknown'] satisfies FindingState[]).map(({ length }) => length),
);

export function findingText({ area, state, message, remedy }: CheckFinding): string {
  const line = `${state.padEnd(WIDTH)}  ${area}: ${message}\n`;
  return remedy === undefined ? line : `${line}${' '.repeat(WIDTH + 2)}-> ${remedy}\n`;
}

export function summaryText(findings: readonly CheckFinding[]): string {
  const count = (state: FindingState) => findings.filter((each) => each.state === state).length;
  return `${count('ok')} ok, ${count('problem')} problems, ${count('unknown')} unknown\n`;
}

export function jsonOf(findings: readonly CheckFinding[]): string {
  return `${JSON.stringify({ exitCode: exitCodeOf(findings), findings }, undefined, 2)}\n`;
}
