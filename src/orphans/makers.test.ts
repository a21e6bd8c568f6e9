import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import {
  assignment,
  credential,
  DAY,
  identity,
  listedFor,
  NOW,
  observed,
  SELF,
  spec,
} from './sweep.fixture.ts';
import { madeElsewhere, madeTogether } from './traits.ts';

const OTHER_AZID = 'eeeeeeee-0000-4000-8000-000000000001';
const here = { self: SELF, now: NOW };
const of = (madeBy: readonly string[] | undefined, makers: object = {}, since?: number) =>
  madeElsewhere({ madeBy, since }, here, { makers: { former: [], ...makers } })?.because;

describe('who made a thing', () => {
  it('is azid itself, in any case of letters, or a principal that a person confirms azid had before', () => {
    expect(of([SELF.principalId.toUpperCase()])).toBeUndefined();
    expect(of([OTHER_AZID, SELF.principalId])).toBe('MadeElsewhere');
    expect(of([OTHER_AZID, SELF.principalId], { former: [OTHER_AZID] })).toBeUndefined();
  });

  it('is unknown where Azure does not show it, until a person confirms what was listed by then', () => {
    const since = NOW - DAY + 300;
    const madeHere = '2026-11-28T12:00:00Z';
    expect([of(undefined), of([])]).toEqual(['MakerUnknown', 'MakerUnknown']);
    expect(of(undefined, { madeHere }, since)).toBeUndefined();
    expect(of(undefined, { madeHere }, since + DAY / 2)).toBe('MakerUnknown');
    // What is not listed yet cannot have been confirmed.
    expect(of(undefined, { madeHere })).toBe('MakerUnknown');
    expect(of(undefined, { madeHere: '2027-01-01T00:00:00Z' }, since)).toBe('MakerUnknown');
    // That it was another is known all the same.
    expect(of([OTHER_AZID], { madeHere }, since)).toBe('MadeElsewhere');
  });

  it('is not asked where a person only reads a report', () => {
    expect(madeElsewhere({ madeBy: undefined }, here, {})).toBeUndefined();
  });

  it('of an assignment are all who keep the identity that has it, and none is known if one is not', () => {
    expect(madeTogether('a', [])).toEqual(['a']);
    expect(madeTogether('a', [['b'], ['c']])).toEqual(['a', 'b', 'c']);
    expect(madeTogether(undefined, [['b']])).toBeUndefined();
    expect(madeTogether('a', [undefined])).toBeUndefined();
  });
});

describe('what another principal made', () => {
  const things = {
    identities: [identity({ madeBy: [OTHER_AZID] })],
    assignments: [assignment({ madeBy: [OTHER_AZID] })],
    credentials: [credential({ madeBy: undefined })],
  };
  const all = [...things.identities, ...things.assignments, ...things.credentials];

  it('is listed, kept, and its grace period begins when a person has answered for it', () => {
    const before = listedFor(30 * DAY, all);
    const { candidates, next } = evaluate(observed(things), before, spec(), 0);
    const because = candidates.map(({ type, verdict }) => [type, 'because' in verdict && verdict.because]);
    expect(because.toSorted()).toEqual([
      ['FederatedIdentityCredential', 'MakerUnknown'],
      ['Identity', 'MadeElsewhere'],
      ['RoleAssignment', 'MadeElsewhere'],
    ]);
    expect(candidates.every(({ clearSince }) => clearSince === undefined)).toBe(true);
    expect(next).toEqual([]);
    const makers = { former: [OTHER_AZID], madeHere: '2026-11-29T11:00:00Z' };
    const answered = evaluate(observed(things), before, spec({ makers }), 0);
    expect(answered.candidates.every(({ verdict }) => verdict.type !== 'kept')).toBe(true);
  });

  it('holds an end that has passed as well, but what nothing tells of does not', () => {
    const ended = (madeBy: readonly string[] | undefined) => {
      const assignments = [assignment({ madeBy, endsAt: NOW - DAY })];
      const { candidates } = evaluate(observed({ assignments }), listedFor(DAY, assignments), spec(), 0);
      return candidates[0]?.verdict.type;
    };
    expect([ended([OTHER_AZID]), ended(undefined)]).toEqual(['kept', 'due']);
  });
});
