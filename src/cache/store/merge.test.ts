import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AzureIdentity, sameContent, sameInstance } from '../../azure/azure-identity.ts';
import { type Entry, type Observation, observationOf } from './entry.ts';
import {
  ABSENCE_KEPT_MS,
  mergeAttempt,
  mergeDelete,
  mergeGone,
  mergePresent,
  mergeUnlisted,
  mergeWrite,
} from './merge.ts';

const LAG = 120_000;
const RULES = { lagMs: LAG, sameContent, sameInstance };

function identity(principalId = 'p1', tag = 'a'): AzureIdentity {
  const id = '/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n';
  return {
    id,
    key: id.toLowerCase(),
    name: 'n',
    subscriptionId: 's',
    resourceGroup: 'g',
    location: 'l',
    tags: { tag },
    clientId: `c-${principalId}`,
    principalId,
    tenantId: 't',
  };
}

type Step =
  | { list: AzureIdentity | undefined; at: number }
  | { get: AzureIdentity | undefined; at: number }
  | { write: AzureIdentity; at: number }
  | { delete: true; at: number }
  | { attempt: true; at: number };

/** A store's use of the rules, for one id. */
function apply(
  entry: Entry<AzureIdentity> | undefined,
  step: Step,
): { entry: Entry<AzureIdentity> | undefined; readAgainAt?: number } {
  if ('write' in step) return { entry: mergeWrite(entry, step.write, step.at, RULES) };
  if ('delete' in step) return { entry: mergeDelete(entry, step.at) };
  if ('attempt' in step) return mergeAttempt(entry, step.at, LAG);
  if ('get' in step)
    return step.get ? mergePresent(entry, step.get, step.at, 'get', RULES) : mergeGone(entry, step.at, LAG);
  if (step.list) return mergePresent(entry, step.list, step.at, 'list', RULES);
  return entry ? mergeUnlisted(entry, step.at, LAG) : { entry };
}

function run(...steps: Step[]) {
  let result: ReturnType<typeof apply> = { entry: undefined };
  for (const step of steps) result = apply(result.entry, step);
  const last = steps.at(-1)?.at ?? 0;
  return { ...result, seen: result.entry && observationOf(result.entry, last) };
}

const [old, changed, recycled] = [identity(), identity('p1', 'b'), identity('p2')];
const min = 60_000;

describe('a list', () => {
  test.each<[string, Step[], Partial<Observation<AzureIdentity>>]>([
    ['shows what was unknown', [{ list: old, at: 0 }], { state: 'present', how: 'list' }],
    [
      'does not take back our newer write',
      [
        { write: changed, at: 10 },
        { list: old, at: 5 },
      ],
      { state: 'present', resource: changed },
    ],
    [
      'does not take back our write within the lag',
      [
        { write: changed, at: 10 },
        { list: old, at: 10 + LAG - 1 },
      ],
      { state: 'present', resource: changed },
    ],
    [
      'is believed after the lag',
      [
        { write: changed, at: 10 },
        { list: old, at: 10 + LAG },
      ],
      { state: 'present', resource: old },
    ],
    [
      'does not take back a GET within the lag',
      [
        { get: changed, at: 10 },
        { list: old, at: min },
      ],
      { state: 'present', resource: changed },
    ],
    [
      'does not take back a GET even after another list agreed with it',
      [
        { get: changed, at: 10 },
        { list: changed, at: 20 },
        { list: old, at: min },
      ],
      { state: 'present', resource: changed },
    ],
    [
      'without it, within the lag of our write, says nothing',
      [
        { write: old, at: 10 },
        { list: undefined, at: LAG },
      ],
      { state: 'present' },
    ],
    [
      'without it later is a suspicion',
      [
        { write: old, at: 10 },
        { list: undefined, at: LAG + 11 },
      ],
      { state: 'suspectAbsent' },
    ],
    [
      'without it is never a proof',
      [
        { list: old, at: 0 },
        { list: undefined, at: 10 * min },
        { list: undefined, at: 20 * min },
      ],
      {},
    ],
    [
      'without it that began before a GET says nothing',
      [
        { get: old, at: 10 },
        { list: undefined, at: 5 },
      ],
      { state: 'present' },
    ],
    [
      'clears a suspicion',
      [
        { list: old, at: 0 },
        { list: undefined, at: 10 * min },
        { list: old, at: 20 * min },
      ],
      { state: 'present' },
    ],
    [
      'does not resurrect what we deleted',
      [
        { write: old, at: 0 },
        { delete: true, at: 10 },
        { list: old, at: 5 },
      ],
      { state: 'absent', provenBy: 'delete' },
    ],
    [
      'does not resurrect it within the lag either',
      [
        { delete: true, at: 10 },
        { list: old, at: min },
      ],
      { state: 'absent' },
    ],
    [
      'does not take back a GET that found nothing, within the lag',
      [
        { get: undefined, at: 10 },
        { list: old, at: min },
      ],
      { state: 'absent', provenBy: 'get' },
    ],
    [
      'shows what someone made again',
      [
        { delete: true, at: 10 },
        { list: recycled, at: 10 + LAG },
      ],
      { state: 'present', resource: recycled },
    ],
  ])('%s', (_, steps, expected) => {
    const { seen } = run(...steps);
    if ('state' in expected) expect(seen).toMatchObject(expected);
    else expect(seen).toBeUndefined();
  });

  test('that contradicts what was proved lately asks for a GET', () => {
    expect(run({ get: changed, at: 10 }, { list: old, at: min }).readAgainAt).toBe(min);
    expect(run({ write: changed, at: 10 }, { list: old, at: min }).readAgainAt).toBe(min);
    expect(run({ get: undefined, at: 10 }, { list: old, at: min }).readAgainAt).toBe(min);
    expect(run({ get: old, at: 0 }, { delete: true, at: 10 }, { list: recycled, at: min }).readAgainAt).toBe(
      min,
    );
    expect(run({ get: changed, at: 10 }, { list: changed, at: min }).readAgainAt).toBeUndefined();
  });
});

describe('a GET', () => {
  test.each<[string, Step[], Partial<Observation<AzureIdentity>>]>([
    [
      'that finds nothing is a proof',
      [
        { list: old, at: 0 },
        { get: undefined, at: 5 },
      ],
      { state: 'absent', provenBy: 'get' },
    ],
    [
      'that finds nothing right after our write is none',
      [
        { write: old, at: 0 },
        { get: undefined, at: LAG - 1 },
      ],
      { state: 'present', how: 'write' },
    ],
    [
      'that finds nothing after the lag is one',
      [
        { write: old, at: 0 },
        { get: undefined, at: LAG },
      ],
      { state: 'absent' },
    ],
    [
      'that finds nothing after an attempt of unknown effect is none',
      [
        { get: undefined, at: 0 },
        { attempt: true, at: 5 },
        { get: undefined, at: min },
      ],
      { state: 'suspectAbsent' },
    ],
    [
      'that finds it after such an attempt is a fact',
      [
        { attempt: true, at: 5 },
        { get: old, at: 6 },
      ],
      { state: 'present' },
    ],
    [
      'that began before our write says nothing',
      [
        { write: changed, at: 10 },
        { get: old, at: 9 },
      ],
      { state: 'present', resource: changed },
    ],
    [
      'that began before our write and found nothing says nothing',
      [
        { write: changed, at: 10 },
        { get: undefined, at: 9 },
      ],
      { state: 'present' },
    ],
    [
      'shows a change at once, also right after our write',
      [
        { write: old, at: 0 },
        { get: changed, at: 5 },
      ],
      { state: 'present', resource: changed },
    ],
    [
      'shows a recycled identity at once',
      [
        { write: old, at: 0 },
        { get: recycled, at: 5 },
      ],
      { state: 'present', resource: recycled },
    ],
    [
      'does not resurrect what we deleted',
      [
        { get: old, at: 0 },
        { delete: true, at: 1 },
        { get: old, at: 5 },
      ],
      { state: 'absent', provenBy: 'delete' },
    ],
    [
      'shows at once what someone made again',
      [
        { get: old, at: 0 },
        { delete: true, at: 1 },
        { get: recycled, at: 5 },
      ],
      { state: 'present', resource: recycled },
    ],
  ])('%s', (_, steps, expected) => expect(run(...steps).seen).toMatchObject(expected));

  test('without proof asks to read again when the lag is over', () => {
    expect(run({ write: old, at: 7 }, { get: undefined, at: min }).readAgainAt).toBe(7 + LAG);
    expect(run({ attempt: true, at: 7 }, { get: undefined, at: min }).readAgainAt).toBe(7 + LAG);
  });
});

test('an attempt of unknown effect opens a proven absence again, and keeps a presence', () => {
  expect(run({ get: undefined, at: 0 }, { attempt: true, at: 1 }).seen).toEqual({ state: 'suspectAbsent' });
  expect(run({ get: old, at: 0 }, { attempt: true, at: 1 }).seen).toMatchObject({ state: 'present' });
});

test('a list that began before an attempt of unknown effect, plus the lag, proves nothing', () => {
  expect(
    run({ get: old, at: 0 }, { attempt: true, at: 10 }, { list: undefined, at: 10 + LAG }).seen,
  ).toMatchObject({ state: 'present' });
});

test('a proven absence is forgotten in time, so that the cache does not grow', () => {
  expect(run({ get: undefined, at: 0 }, { list: undefined, at: ABSENCE_KEPT_MS }).entry).toBeDefined();
  expect(run({ get: undefined, at: 0 }, { list: undefined, at: ABSENCE_KEPT_MS + 1 }).entry).toBeUndefined();
});

/**
 * An Azure of one identity with a true history. A list serves the state of some moment within the lag before its
 * request; a GET serves the present state, but for a time after a creation it may miss it. Answers arrive late and in
 * any order.
 */
describe('against a true history', () => {
  type Event = { at: number; kind: 'create' | 'delete' | 'tag'; by: 'azid' | 'other'; ambiguous: boolean };
  type Read = { requestedAt: number; delay: number; how: 'list' | 'get'; lag: number; misses: boolean };

  const event = fc.record<Event>({
    at: fc.integer({ min: 0, max: 900_000 }),
    kind: fc.constantFrom('create', 'delete', 'tag'),
    by: fc.constantFrom('azid', 'other'),
    ambiguous: fc.boolean(),
  });
  const read = fc.record<Read>({
    requestedAt: fc.integer({ min: 0, max: 1_000_000 }),
    delay: fc.integer({ min: 0, max: 60_000 }),
    how: fc.constantFrom('list', 'get'),
    lag: fc.integer({ min: 0, max: LAG - 1 }),
    misses: fc.boolean(),
  });

  /** States in order of time; each holds from `at` on. */
  function historyOf(events: readonly Event[]) {
    const states: { at: number; identity: AzureIdentity | undefined; by: Event['by']; created: number }[] = [
      { at: Number.NEGATIVE_INFINITY, identity: undefined, by: 'other', created: 0 },
    ];
    const effective: (Event & { identity: AzureIdentity | undefined })[] = [];
    for (const [n, each] of events.toSorted((a, b) => a.at - b.at).entries()) {
      const now = states.at(-1);
      const was = now?.identity;
      let next = was;
      if (each.kind === 'create' && !was) next = identity(`p${n}`, `${n}`);
      else if (each.kind === 'delete') next = undefined;
      else if (was) next = { ...was, tags: { tag: `${n}` } };
      else continue; // Nothing to tag: Azure refuses.
      const created = was?.principalId === next?.principalId ? (now?.created ?? 0) : each.at;
      states.push({ at: each.at, identity: next, by: each.by, created });
      effective.push({ ...each, identity: next });
    }
    const when = (at: number) => states.findLast((state) => state.at <= at) ?? states[0];
    return { states, when, effective };
  }

  function play(
    events: readonly Event[],
    reads: readonly Read[],
    check: (
      entry: Entry<AzureIdentity> | undefined,
      now: number,
      history: ReturnType<typeof historyOf>,
    ) => void,
  ) {
    const history = historyOf(events);
    const steps: { at: number; step: Step }[] = [];
    for (const { at, by, ambiguous, identity: made } of history.effective) {
      if (by !== 'azid') continue;
      steps.push({
        at,
        step: ambiguous ? { attempt: true, at } : made ? { write: made, at } : { delete: true, at },
      });
    }
    for (const { requestedAt, delay, how, lag, misses } of reads) {
      const served = history.when(how === 'list' ? requestedAt - lag : requestedAt);
      const young = served && requestedAt - served.created < LAG;
      const shown = how === 'get' && misses && young ? undefined : served?.identity;
      const step: Step = how === 'list' ? { list: shown, at: requestedAt } : { get: shown, at: requestedAt };
      steps.push({ at: requestedAt + delay, step });
    }
    let entry: Entry<AzureIdentity> | undefined;
    for (const { at, step } of steps.toSorted((a, b) => a.at - b.at)) {
      entry = apply(entry, step).entry;
      check(entry, at, history);
    }
  }
  const histories = [
    fc.uniqueArray(event, { maxLength: 8, selector: ({ at }) => at }),
    fc.array(read, { maxLength: 30 }),
  ] as const;
  const runs = { numRuns: 2000 };

  test('what has lived longer than the lag before the proof is never called absent', () => {
    fc.assert(
      fc.property(...histories, (events, reads) =>
        play(events, reads, (entry, now, { states, when }) => {
          if (entry?.presence.state !== 'absent') return;
          const from = entry.at - LAG;
          const lived =
            when(from)?.identity && !states.some(({ at, identity: is }) => at > from && at <= now && !is);
          expect(lived, 'alive all the time').toBeFalsy();
        }),
      ),
      runs,
    );
  });

  test('what we made, and no other client touched since, is present as we made it', () => {
    fc.assert(
      fc.property(...histories, (events, reads) =>
        play(events, reads, (entry, now, { effective }) => {
          const last = effective.findLast(({ at }) => at <= now);
          if (!last?.identity || last.by !== 'azid' || last.ambiguous) return;
          expect(entry?.presence).toEqual({ state: 'present', resource: last.identity });
        }),
      ),
      runs,
    );
  });

  test('what we deleted, and no other client made again, is never present', () => {
    fc.assert(
      fc.property(...histories, (events, reads) =>
        play(events, reads, (entry, now, { effective }) => {
          const last = effective.findLast(({ at }) => at <= now);
          if (!last || last.identity || last.by !== 'azid' || last.ambiguous) return;
          expect(entry?.presence.state).toBe('absent');
        }),
      ),
      runs,
    );
  });

  test('once all is quiet a GET brings the truth', () => {
    const quiet = 1_100_000 + 2 * LAG;
    const last: Read = { requestedAt: quiet, delay: 0, how: 'get', lag: 0, misses: true };
    fc.assert(
      fc.property(...histories, (events, reads) =>
        play(events, [...reads, last], (entry, now, { when }) => {
          if (now < quiet) return;
          const truth = when(now)?.identity;
          if (truth) expect(entry?.presence).toEqual({ state: 'present', resource: truth });
          else expect(entry?.presence.state).toBe('absent');
        }),
      ),
      runs,
    );
  });
});
