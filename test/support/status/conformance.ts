import { expect } from 'vitest';
import type { Condition } from '../../../src/kube/types.ts';
import { type Kstatus, kstatus, type Observed } from './kstatus.ts';

/** The table of docs/conditions.md, row by row, with what kstatus must make of each. */
export type Situation = 'first' | 'working' | 'waiting' | 'done' | 'stalled' | 'deleting';

interface Row {
  /** Status of `Ready`. */
  readonly ready: 'True' | 'False' | 'Unknown';
  readonly reconciling: boolean;
  readonly stalled: boolean;
  readonly kstatus: Kstatus;
}

const TABLE: Readonly<Record<Situation, Row>> = {
  first: { ready: 'Unknown', reconciling: true, stalled: false, kstatus: 'InProgress' },
  working: { ready: 'False', reconciling: true, stalled: false, kstatus: 'InProgress' },
  waiting: { ready: 'False', reconciling: true, stalled: false, kstatus: 'InProgress' },
  done: { ready: 'True', reconciling: false, stalled: false, kstatus: 'Current' },
  stalled: { ready: 'False', reconciling: false, stalled: true, kstatus: 'Failed' },
  deleting: { ready: 'False', reconciling: false, stalled: false, kstatus: 'Terminating' },
};

export interface Conditioned {
  readonly metadata: Observed['metadata'];
  readonly status?: {
    readonly observedGeneration?: number | undefined;
    readonly conditions?: readonly Condition[] | undefined;
  };
}

export function conditionOf(object: Conditioned, type: string): Condition | undefined {
  return object.status?.conditions?.find((each) => each.type === type);
}

/** The object reads as its situation demands, and its conditions are well-formed (docs/kubernetes.md section 9). */
export function expectConforming(object: Conditioned, situation: Situation): void {
  const has = (type: string) => conditionOf(object, type)?.status === 'True';
  expect(
    {
      ready: conditionOf(object, 'Ready')?.status,
      reconciling: has('Reconciling'),
      stalled: has('Stalled'),
      kstatus: kstatus(JSON.parse(JSON.stringify(object)) as Observed),
    },
    `the row '${situation}' of docs/conditions.md`,
  ).toEqual(TABLE[situation]);
  for (const condition of object.status?.conditions ?? []) {
    expect(condition.reason).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(condition.message).not.toBe('');
    if (condition.type === 'Reconciling' || condition.type === 'Stalled')
      expect(condition.status).toBe('True');
  }
}
