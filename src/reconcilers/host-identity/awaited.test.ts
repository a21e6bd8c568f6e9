import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import {
  at,
  attached,
  entry,
  facts,
  host,
  keyOf,
  MINUTE,
  object,
  owner,
  releases,
  seen,
  VM,
  wants,
  wantsSystem,
} from './facts.fixture.ts';
import type { Facts, HostDecision, WriteIdentity } from './facts.ts';

const writeOf = ({ actions }: HostDecision) =>
  actions.find((action): action is WriteIdentity => action.type === 'writeIdentity');

/** Its identity is not known yet: the cache is not filled, or its marks still name the object that lived before. */
const unclear = (
  who: string,
  uid = `uid-${who}`,
  of: readonly string[] = ['app'],
): Facts['claims'][number] => ({
  state: 'unclear',
  owner: owner(who, { uid }),
  why: 'spec.identityRef: waiting for UserAssignedIdentity team-a/app, which Azure has yet to show',
  mayWant: of.map(keyOf),
});

describe('nothing is taken away while the claim of an object that may want it is not known', () => {
  it('of a namespace restored while no azid ran: the owner is gone, its namesake waits for the marks', () => {
    const decision = decide(
      object(),
      facts({ claims: [releases('attach-app'), unclear('attach-app', 'uid-restored')] }),
    );
    expect(writeOf(decision)).toBeUndefined();
  });

  it('of an attachment that was renamed while azid was rolled out: the identities are not listed yet', () => {
    const decision = decide(object(), facts({ claims: [releases('attach-app'), unclear('attach-anew')] }));
    expect(writeOf(decision)).toBeUndefined();
    // It holds what stands, and has no part in it before it is told.
    expect(decision.status.entries).toEqual([entry('app')]);
  });

  it('the resource’s own identity, whose next owner is in a namespace not seen yet', () => {
    const on = {
      state: 'Attached',
      owned: true,
      principalId: 'p',
      credential: 'azid',
      since: '2026-11-20T00:00:00Z',
    } as const;
    const old = owner('own-before', { kind: 'SystemAssignedIdentity' });
    const decision = decide(
      object({ entries: [], systemAssigned: { ...on, owners: [old] } }),
      facts({
        host: seen(host([], { own: { system: true, principalId: 'p' } })),
        claims: [
          releases('own-before', { kind: 'SystemAssignedIdentity' }),
          wantsSystem({
            verdict: { allowed: false, unseen: true, message: 'namespace not seen yet' } as never,
          }),
        ],
      }),
    );
    expect(writeOf(decision)).toBeUndefined();
  });

  it('but what no object may want goes, though others are not known', () => {
    const claims = [
      releases('attach-app'),
      unclear('other', 'uid-other', ['web']),
      unclear('nothing', 'uid-n', []),
    ];
    expect(writeOf(decide(object(), facts({ claims })))?.asked.removes).toEqual([keyOf('app')]);
  });

  it('and goes once it is known that nobody wants it: denied, suspended or released', () => {
    const denied = { allowed: false, message: 'no policy allows it' } as never;
    for (const claim of [
      wants('app', { verdict: denied }, 'anew'),
      wants('app', { paused: true }, 'anew'),
      wants('web', {}, 'anew'),
      releases('anew'),
    ]) {
      const decision = decide(
        object(),
        facts({
          claims: [releases('attach-app'), claim],
          host: seen(host([attached('app'), attached('web')])),
        }),
      );
      expect(writeOf(decision)?.asked.removes).toEqual([keyOf('app')]);
    }
  });

  it('of a namespace not seen yet: whether its policies allow it is not known either', () => {
    const unseen = { allowed: false, unseen: true, message: 'namespace not seen yet' } as never;
    const claims = [releases('attach-app'), wants('app', { verdict: unseen }, 'anew')];
    expect(writeOf(decide(object(), facts({ claims })))).toBeUndefined();
    const suspended = [releases('attach-app'), wants('app', { verdict: unseen, paused: true }, 'anew')];
    expect(writeOf(decide(object(), facts({ claims: suspended })))?.asked.removes).toEqual([keyOf('app')]);
  });
});

describe('the summary of a host', () => {
  const claims = [releases('attach-app'), unclear('attach-anew')];

  it('is not in sync while something stays for a claim that is not known, and says for whom', () => {
    const { summary } = decide(object(), facts({ claims }));
    expect(summary).toMatchObject({ state: 'progressing', reason: 'ClaimantNotTold', againMs: 5 * MINUTE });
    expect(summary).toMatchObject({
      message: `${VM}: app stays while it is not known whether IdentityAttachment team-a/attach-anew wants it; the rest is as wanted`,
    });
  });

  it('says so beside what was refused', () => {
    const problem = { reason: 'RejectedByAzure', message: 'no', attempts: 9, notBefore: at(30 * MINUTE) };
    const { summary } = decide(
      object({ entries: [entry('app'), entry('web', { state: 'Refused', problem })] }),
      facts({ claims: [...claims, wants('web')], host: seen(host([attached('app')])) }),
    );
    expect(summary).toMatchObject({ reason: 'SomeRefused', againMs: 5 * MINUTE });
    expect(summary).toMatchObject({ message: expect.stringContaining('team-a/attach-anew wants it') });
  });

  it('is in sync where somebody whose claim is known has it as well', () => {
    const { summary } = decide(object(), facts({ claims: [...claims, wants('app', {}, 'other')] }));
    expect(summary).toMatchObject({ state: 'ready', reason: 'InSync' });
  });
});
