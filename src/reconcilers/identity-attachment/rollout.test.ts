import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FAILED, planRollout, type RolloutState } from './rollout.ts';

const names = (count: number, prefix = 'h') => Array.from({ length: count }, (_, at) => `${prefix}${at}`);

const plan = (change: Partial<RolloutState>) =>
  planRollout({
    wanted: [],
    attached: new Set(),
    detachable: [],
    inFlight: new Set(),
    failed: new Set(),
    maxConcurrent: 2,
    maxDetachShare: 20,
    confirmed: false,
    rotation: 0,
    ...change,
  });
const attach = (change: Partial<RolloutState>) => [...plan(change).slots.attach];
const detach = (change: Partial<RolloutState>) => [...plan(change).slots.detach];

describe('who may be changed now', () => {
  it('gives so many their slot, in order', () => {
    expect(attach({ wanted: ['a', 'b', 'c'] })).toEqual(['a', 'b']);
  });

  it('lets what is being changed keep its slot', () => {
    expect(attach({ wanted: ['a', 'b', 'c'], inFlight: new Set(['c']) })).toEqual(['a', 'c']);
  });

  it('begins nothing while as many are being changed, and takes none of their slots away', () => {
    const wanted = ['a', 'b', 'c', 'd'];
    expect(attach({ wanted, inFlight: new Set(['b', 'c', 'd']) })).toEqual(['b', 'c', 'd']);
  });

  it('counts what is attached and what is detached together', () => {
    const state = { wanted: ['a'], detachable: ['x'], attached: new Set(['x']), maxConcurrent: 1 };
    expect(plan(state).slots).toEqual({ attach: new Set(['a']), detach: new Set() });
    expect(detach({ ...state, wanted: [] })).toEqual(['x']);
  });

  it('puts a host that failed behind all others', () => {
    expect(attach({ wanted: ['a', 'b', 'c'], failed: new Set(['a']) })).toEqual(['b', 'c']);
  });

  it('takes a slot from a host that failed with it', () => {
    const state = { wanted: ['a', 'b'], failed: new Set(['a']), inFlight: new Set(['a']), maxConcurrent: 1 };
    expect(attach(state)).toEqual(['b']);
  });

  it('tries those that failed one after the other when all others are done', () => {
    const wanted = ['a', 'b', 'c'];
    const state = { wanted, failed: new Set(wanted), maxConcurrent: 1 };
    expect([0, 1, 2, 3].flatMap((rotation) => attach({ ...state, rotation }))).toEqual(['a', 'b', 'c', 'a']);
  });

  it('begins no further host when too many failed, and goes on trying these', () => {
    const bad = names(MAX_FAILED, 'bad');
    const { slots, halted } = plan({ wanted: ['a', ...bad], failed: new Set(bad) });
    expect([...slots.attach]).toEqual(['bad0', 'bad1']);
    expect(halted).toBe(true);
  });
});

describe('how many may be detached', () => {
  const of = (count: number, total: number, change: Partial<RolloutState> = {}) =>
    plan({
      detachable: names(count),
      attached: new Set(names(total)),
      maxConcurrent: 1000,
      ...change,
    });
  const rows: [title: string, count: number, total: number, share: number, blocked: boolean][] = [
    ['a fifth of many', 20, 100, 20, false],
    ['one more than a fifth', 21, 100, 20, true],
    ['one of one', 1, 1, 20, false],
    ['one of three, which is more than a fifth', 1, 3, 20, false],
    ['two of nine, rounded down', 2, 9, 20, true],
    ['one where the share is nothing', 1, 100, 0, false],
    ['two where the share is nothing', 2, 100, 0, true],
    ['all where all may be', 100, 100, 100, false],
  ];
  it.each(rows)('%s', (_, count, total, maxDetachShare, blocked) => {
    const planned = of(count, total, { maxDetachShare });
    expect(planned.blocked).toEqual(blocked ? { count, total } : undefined);
    expect(planned.slots.detach.size).toBe(blocked ? 0 : count);
  });

  it('all, once somebody has confirmed it', () => {
    expect(of(100, 100, { confirmed: true }).slots.detach.size).toBe(100);
  });

  it('lets what is being detached come to its end, though no more is begun', () => {
    const planned = of(50, 100, { inFlight: new Set(['h7']) });
    expect(planned.slots.detach).toEqual(new Set(['h7']));
    expect(planned.blocked).toEqual({ count: 50, total: 100 });
  });

  it('goes on to the end what it has begun, as the share falls with what it is of', () => {
    for (let leftOver = 20; leftOver > 0; leftOver--)
      expect(of(leftOver, 80 + leftOver).blocked).toBeUndefined();
  });
});

describe('whatever the state', () => {
  const keys = names(12);
  const subset = fc.uniqueArray(fc.constantFrom(...keys)).map((list) => new Set(list));
  const state = fc
    .record({
      split: fc.array(fc.constantFrom('wanted', 'detachable', 'attached', 'other'), {
        minLength: keys.length,
        maxLength: keys.length,
      }),
      inFlight: subset,
      failed: subset,
      maxConcurrent: fc.integer({ min: 1, max: 6 }),
      maxDetachShare: fc.integer({ min: 0, max: 100 }),
      confirmed: fc.boolean(),
      rotation: fc.nat(1000),
    })
    .map(({ split, ...rest }): RolloutState => {
      const in_ = (...what: string[]) => keys.filter((_, at) => what.includes(split[at] ?? ''));
      return {
        ...rest,
        wanted: in_('wanted'),
        detachable: in_('detachable'),
        attached: new Set(in_('detachable', 'attached')),
      };
    });
  const check = (test: (state: RolloutState, chosen: ReadonlySet<string>) => void) =>
    fc.assert(
      fc.property(state, (each) => {
        const { slots } = planRollout(each);
        test(each, new Set([...slots.attach, ...slots.detach]));
      }),
      { numRuns: 2_000 },
    );

  it('no more are changed at once than may be, but for what is being changed already', () => {
    check(({ inFlight, failed, wanted, detachable, maxConcurrent }, chosen) => {
      const busy = [...wanted, ...detachable].filter((key) => inFlight.has(key) && !failed.has(key));
      expect(chosen.size).toBeLessThanOrEqual(Math.max(maxConcurrent, busy.length));
      for (const key of busy) expect(chosen).toContain(key);
    });
  });

  it('only those that are to be changed have a slots, each in its own direction', () => {
    check((each) => {
      const { slots } = planRollout(each);
      for (const key of slots.attach) expect(each.wanted).toContain(key);
      for (const key of slots.detach) expect(each.detachable).toContain(key);
    });
  });

  it('none is begun to be detached beyond the share without a word', () => {
    check((each) => {
      const { slots, blocked } = planRollout(each);
      if (!blocked) return;
      for (const key of slots.detach) expect(each.inFlight.has(key) && !each.failed.has(key)).toBe(true);
    });
  });

  it('no slot stays empty while one waits that may have it', () => {
    check((each, chosen) => {
      const { blocked } = planRollout(each);
      const open = [...each.wanted, ...(blocked ? [] : each.detachable)];
      expect(chosen.size).toBeGreaterThanOrEqual(Math.min(each.maxConcurrent, open.length));
    });
  });

  it('each that failed has its turn within as many rotations as there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }), (count, maxConcurrent) => {
        const wanted = names(count);
        const state = { wanted, failed: new Set(wanted), maxConcurrent };
        const seen = new Set(names(count).flatMap((_, rotation) => attach({ ...state, rotation })));
        expect(seen.size).toBe(count);
      }),
    );
  });
});
