import type { Fault, FaultEffect } from '../../../src/simulator/faults.ts';
import type { Control } from '../../../src/simulator/simulator.ts';
import { seeded } from './seeded.ts';

/** Faults of Azure, each hitting one call of azid, drawn from a seed (docs/testing.md). */
export interface Schedule {
  readonly seed: number;
  readonly faults: readonly Fault[];
}

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', undefined] as const;
const EFFECTS: readonly FaultEffect[] = [
  { kind: 'status', status: 429, retryAfterSeconds: 7 },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, when: 'after' },
  { kind: 'reset', when: 'before' },
  { kind: 'reset', when: 'after' },
  { kind: 'silence', when: 'before' },
  { kind: 'silence', when: 'after' },
  { kind: 'truncate' },
];

/** `count` faults: which call of which method, and what becomes of it. */
export function drawFaults(seed: number, count = 6): Schedule {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const faults = Array.from({ length: count }, (): Fault => {
    const method = pick(METHODS);
    return {
      caller: 'controller',
      count: 1,
      after: Math.floor(random() * 3),
      effect: pick(EFFECTS),
      ...(method !== undefined && { method }),
    };
  });
  return { seed, faults };
}

export function startFaults(control: Control, { faults }: Schedule): void {
  for (const fault of faults) control.addFault(fault);
}
