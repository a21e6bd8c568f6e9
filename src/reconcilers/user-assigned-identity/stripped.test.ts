import { describe, expect, it } from 'vitest';
import { MARK, ownerMarks, retainedMarks, type Tags } from '../../azure/names/identity-marks.ts';
import { decide } from './decide.ts';
import { deleted, type FactsChange, facts, ID, ME, policy, seen, settled, uai } from './facts.fixture.ts';
import type { Action, IdentityDecision, Rival, UserAssignedIdentity } from './facts.ts';
import { userAssignedIdentityKind } from './index.ts';

/**
 * Any of the tags that say whose an identity is may be taken off or emptied. What follows from what is left, and from what azid
 * keeps: the object that Azure last showed as the owner puts its marks back, and no other.
 */

const P = 'principal-1';
const OTHER = { ...ME, namespace: 'team-b', name: 'theirs', uid: 'uid-b' };
const rival: Rival = {
  key: 'team-b/theirs',
  uid: OTHER.uid,
  creationTimestamp: '2026-12-01T00:00:00Z',
  deleting: false,
  allowed: true,
};
const older = { ...rival, creationTimestamp: '2026-01-01T00:00:00Z' };

const NAMES = [MARK.installation, MARK.owner, MARK.ownerUid] as const;
const SHORT: Record<string, string> = {
  [MARK.installation]: 'installation',
  [MARK.owner]: 'owner',
  [MARK.ownerUid]: 'uid',
};
/** All 8 ways to keep some of three marks, those that are gone being off or empty. */
const subsets = (marks: Tags) =>
  [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bits) =>
    (['off', 'blank'] as const).map((how) => {
      const kept = NAMES.filter((_, index) => bits & (1 << index));
      const gone = how === 'blank' ? NAMES.filter((name) => !kept.includes(name)) : [];
      const tags = Object.fromEntries([
        ...kept.map((name) => [name, marks[name] ?? '']),
        ...gone.map((name) => [name, '']),
        ['CostCenter', '42'],
      ]);
      return { left: kept.map((name) => SHORT[name]).join(' ') || 'none', how, tags };
    }),
  );

const kept = { lastShown: P, recorded: P, holders: [ME.uid] };
const unkept = { recorded: undefined as never };
const present = (tags: Tags) => ({ state: 'present', identity: seen(tags), live: true }) as const;

/** The reason for which marks are set, what is withdrawn, or why nothing is done. */
function outcome(
  tags: Tags,
  change: FactsChange,
  object: UserAssignedIdentity = settled(),
): string | undefined {
  const decision = decide(object, facts({ ...change, azure: present(tags) }));
  const [first] = decision.actions.filter(
    (action): action is Extract<Action, { type: 'updateIdentity' | 'withdrawPrincipal' }> =>
      action.type === 'updateIdentity' || action.type === 'withdrawPrincipal',
  );
  if (first?.type === 'updateIdentity') {
    expect(first.tags).toEqual({ ...ownerMarks(ME), CostCenter: '42' });
    return first.event.reason;
  }
  if (first?.type === 'withdrawPrincipal') {
    expect([decision.actions, decision.binds]).toEqual([[first], true]);
    return `withdrawn: ${first.uids.join(' ')}`;
  }
  return reasonOf(decision);
}

function reasonOf({ summary, actions }: IdentityDecision): string | undefined {
  if (summary.state === 'stalled') {
    expect(actions).toEqual([]);
    return summary.reason;
  }
  // All marks are there: at most the record is made.
  return summary.state === 'ready' || actions[0]?.type === 'recordPrincipal' ? 'kept' : undefined;
}

describe('what is left of the marks of this very object', () => {
  const right: Record<string, { readonly onRecord: string; readonly unknown: string }> = {
    'installation owner uid': { onRecord: 'kept', unknown: 'kept' },
    'installation uid': { onRecord: 'Updated', unknown: 'Updated' },
    // Of an object of this name, in this installation.
    'installation owner': { onRecord: 'MarksRestored', unknown: 'TakenBack' },
    'owner uid': { onRecord: 'MarksRestored', unknown: 'AlreadyExists' },
    installation: { onRecord: 'MarksRestored', unknown: 'AlreadyExists' },
    owner: { onRecord: 'MarksRestored', unknown: 'AlreadyExists' },
    uid: { onRecord: 'MarksRestored', unknown: 'AlreadyExists' },
    none: { onRecord: 'MarksRestored', unknown: 'AlreadyExists' },
  };
  it.each(subsets(ownerMarks(ME)))('$left, the rest $how', ({ left, how, tags }) => {
    // A blank mark that is left where nothing else differs is filled.
    const expected = right[left];
    expect({ onRecord: outcome(tags, kept), unknown: outcome(tags, unkept) }).toEqual(expected);
    // A record of another principal is none.
    expect(outcome(tags, { lastShown: 'principal-0', recorded: P, holders: [] })).toBe(expected?.unknown);
    expect(how === 'blank' || Object.values(tags).every((value) => value !== '')).toBe(true);
  });

  it('are taken over with permission where too few are left', () => {
    const adopting = { policies: [policy({ adoption: { identityIds: [ID] } })], ...unkept };
    const adopt = settled({ spec: { adoption: 'Adopt' } });
    for (const name of NAMES)
      expect(outcome({ [name]: ownerMarks(ME)[name] ?? '', CostCenter: '42' }, adopting, adopt)).toBe(
        'Adopted',
      );
  });

  it('are named where they are too few', () => {
    const message = (tags: Tags) => decide(uai(), facts({ ...unkept, azure: present(tags) })).summary;
    expect(message({ [MARK.installation]: ME.installationId })).toMatchObject({
      message: expect.stringMatching(
        /exists and has only azid-installation of the tags .* set spec\.adoption: Adopt/,
      ),
    });
    expect(message({ [MARK.installation]: ME.installationId, [MARK.ownerUid]: 'gone' })).toMatchObject({
      message: expect.stringContaining('marked as made for the object with uid gone, which is gone'),
    });
  });
});

describe('what is left of the marks of another object', () => {
  it.each(subsets(ownerMarks(OTHER)))('that lives: $left, the rest $how', ({ left, tags }) => {
    const unnamed = left === 'none' || left === 'installation';
    expect(outcome(tags, { ...kept, rivals: [rival] })).toBe(
      unnamed ? 'MarksRestored' : `withdrawn: ${ME.uid}`,
    );
    expect(outcome(tags, { ...unkept, rivals: [rival] })).toBe(unnamed ? 'AlreadyExists' : 'OwnedByAnother');
  });

  it.each(subsets(ownerMarks(OTHER)))('that is gone: $left, the rest $how', ({ left, tags }) => {
    const unnamed = left === 'none' || left === 'installation';
    expect(outcome(tags, kept)).toBe(unnamed ? 'MarksRestored' : `withdrawn: ${ME.uid}`);
    expect(outcome(tags, unkept)).toBe('AlreadyExists');
  });

  it.each(subsets(ownerMarks({ ...OTHER, installationId: 'elsewhere' })))(
    'of another installation: $left, the rest $how',
    ({ left, tags }) => {
      const theirs = left.startsWith('installation');
      expect(outcome(tags, kept)).toBe(left === 'none' ? 'MarksRestored' : `withdrawn: ${ME.uid}`);
      expect(outcome(tags, unkept)).toBe(theirs ? 'OwnedByAnotherInstallation' : 'AlreadyExists');
    },
  );

  it.each([
    ['for this name', retainedMarks(ME), 'TakenBack'],
    ['for another', retainedMarks(OTHER), 'AlreadyExists'],
    ['by another installation', retainedMarks({ ...ME, installationId: 'elsewhere' }), 'AlreadyExists'],
    ['for this name, without installation', { [MARK.retained]: 'team-a/web' }, 'AlreadyExists'],
  ])('retained %s', (_, marks, after) => {
    const tags = { ...marks, CostCenter: '42' };
    expect(outcome(tags, kept)).toBe(`withdrawn: ${ME.uid}`);
    expect(outcome(tags, unkept)).toBe(after);
  });
});

describe('who puts marks back', () => {
  it('is the last owner, though an older object would like to have the identity', () => {
    expect(outcome({ CostCenter: '42' }, { ...kept, rivals: [older] })).toBe('MarksRestored');
  });

  it('is not an object beside the last owner, however old, adopting or not', () => {
    const rivals = [{ ...rival, lastShown: P }];
    const adopt = settled({ spec: { adoption: 'Adopt' } });
    const policies = [policy({ adoption: { identityIds: [ID] } })];
    for (const tags of [{}, { [MARK.installation]: ME.installationId }]) {
      const decision = decide(adopt, facts({ ...unkept, azure: present(tags), rivals, policies }));
      expect(decision.summary).toMatchObject({
        reason: 'OwnedByAnother',
        message: expect.stringContaining('team-b/theirs'),
      });
    }
  });

  it('is the last owner while its namespace was not seen: whether a policy allows it is not known', () => {
    const adopt = settled({ spec: { adoption: 'Adopt' } });
    const rivals = [{ ...older, lastShown: P, allowed: false, unseen: true }];
    const policies = [policy({ adoption: { identityIds: [ID] } })];
    const change = { ...unkept, azure: present({}), rivals, holders: [OTHER.uid], policies };
    expect(decide(adopt, facts(change)).summary).toMatchObject({
      reason: 'OwnedByAnother',
      message: expect.stringContaining('team-b/theirs'),
    });
  });

  it('is not the last owner once no policy allows it: another one may adopt, which withdraws it first', () => {
    const adopt = settled({ spec: { adoption: 'Adopt' } });
    const change = {
      ...unkept,
      azure: present({}),
      rivals: [{ ...older, lastShown: P, allowed: false }],
      holders: [OTHER.uid],
      policies: [policy({ adoption: { identityIds: [ID] } })],
    };
    expect(decide(adopt, facts(change)).actions).toMatchObject([
      { type: 'withdrawPrincipal', principalId: P, uids: [OTHER.uid] },
      { type: 'updateIdentity', event: { reason: 'Adopted' } },
    ]);
  });
});

describe('what is kept of others', () => {
  const mine = present(ownerMarks(ME));

  it('is withdrawn where this object has the marks, before it is on record itself', () => {
    const change = { azure: mine, recorded: undefined as never, holders: [OTHER.uid, ME.uid, 'c'] };
    expect(decide(settled(), facts(change)).actions).toEqual([
      { type: 'withdrawPrincipal', principalId: P, uids: [OTHER.uid, 'c'] },
    ]);
  });

  it('is withdrawn without permission, and while suspended', () => {
    const tags = ownerMarks(OTHER);
    expect(outcome({ ...tags, CostCenter: '42' }, { ...kept, policies: [] })).toBe(`withdrawn: ${ME.uid}`);
    const suspended = settled({ spec: { suspend: true } });
    expect(outcome(tags, kept, suspended)).toBe(`withdrawn: ${ME.uid}`);
  });

  it('rests on what Azure itself says', () => {
    const listed = { ...mine, live: false };
    const needs = (change: FactsChange) =>
      userAssignedIdentityKind.decide(settled(), facts({ azure: listed, ...change })).needsLive ?? [];
    expect(needs({ holders: [OTHER.uid] })).toEqual(['identity']);
    expect(needs({ recorded: undefined as never })).toEqual(['identity']);
    expect(needs({})).toEqual([]);
  });

  it('stays where the marks are a mistake of azid’s own', () => {
    const decision = decide(
      settled({ status: { principalId: 'before' } }),
      facts({ azure: mine, disputed: P, holders: [OTHER.uid], recorded: undefined }),
    );
    expect(decision.actions.map(({ type }) => type)).not.toContain('withdrawPrincipal');
  });

  it('keeps no deletion waiting', () => {
    const decision = decide(deleted(), facts({ azure: mine, holders: [OTHER.uid] }));
    expect(decision.actions.map(({ type }) => type)).toEqual(['deleteIdentity']);
  });
});
