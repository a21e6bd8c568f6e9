import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { alive, at, dead, entry, facts, host, MINUTE, object, seen, wants } from './facts.fixture.ts';

/** What must neither go on for ever nor grow without end. */

const again = (decision: ReturnType<typeof decide>) =>
  'againMs' in decision.summary ? decision.summary.againMs : undefined;

describe('an identity that may be tried again, and waits for something else', () => {
  const problem = { reason: 'MissingAssignRight', message: 'no', attempts: 1, notBefore: at(-10 * MINUTE) };
  const refused = object({ entries: [entry('app', { state: 'Refused', problem })] });

  it('is not looked at every second while its host has no turn', () => {
    const stances = [wants('app', { turn: false })];
    const decision = decide(refused, facts({ host: seen(host()), identities: alive('app'), stances }));
    expect(decision.actions).toEqual([]);
    expect(again(decision)).toBe(5 * MINUTE);
  });

  it('is not looked at every second while its object is suspended', () => {
    const stances = [wants('app', { paused: true })];
    const world = facts({ host: seen(host([dead('app')])), identities: alive('app'), stances });
    expect(again(decide(refused, world))).toBe(5 * MINUTE);
  });
});
