import { expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../../kind.ts';
import { type IdentityDeps, ObservedIdentities } from './live.ts';

/** An identity that a write is about to name: from the cache while that is young enough, else from Azure, once for all who ask. */

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web';
const MINUTE = 60_000;
const context = { priority: 'edit', signal: new AbortController().signal } as ReconcileContext;

function world(seen: object = { state: 'unknown' }) {
  const clock = new FakeClock();
  clock.advance(10 * MINUTE);
  const state = { seen, answer: async (): Promise<unknown> => ({ found: false }), reads: 0 };
  const observed = new ObservedIdentities({
    clock,
    identityCache: { observe: () => state.seen },
    identities: {
      get: () => {
        state.reads += 1;
        return state.answer();
      },
    },
  } as unknown as IdentityDeps);
  return { state, observed, live: (since = 0) => observed.live(ID, since, context) };
}

const present = (how: string, ageMs: number, principalId = 'p') => ({
  state: 'present',
  how,
  ageMs,
  resource: { principalId },
});

it.each([
  ['one that is there', present('list', 0), { state: 'present', principalId: 'p', live: false }],
  ['none without a principal', present('get', 0, ''), undefined],
  ['none that is absent', { state: 'absent' }, undefined],
] as const)('the cache gives %s', (_, seen, expected) => {
  expect(world(seen).observed.cached(ID)).toEqual(expected);
});

it.each([
  ['a GET of a minute ago will do', present('get', MINUTE), 0, 0],
  ['an older one will not', present('get', MINUTE + 1), 0, 1],
  ['nor one from before what contradicts it', present('get', MINUTE), 9 * MINUTE, 1],
  ['nor what a list showed', present('list', 0), 0, 1],
] as const)('%s', async (_, seen, since, reads) => {
  const { live, state } = world(seen);
  state.answer = async () => ({ found: true, identity: { principalId: 'p' } });
  expect(await live(since)).toEqual({ state: 'present', principalId: 'p', live: true });
  expect(state.reads).toBe(reads);
});

it('those that ask at the same time share one read', async () => {
  const { live, state } = world();
  const answer = Promise.withResolvers<unknown>();
  state.answer = () => answer.promise;
  const both = Promise.all([live(), live()]);
  answer.resolve({ found: true, identity: { principalId: 'p' } });
  expect(await both).toEqual(Array(2).fill({ state: 'present', principalId: 'p', live: true }));
  expect(state.reads).toBe(1);
});

it('a 404 is an absence, unless the cache knows of a later write', async () => {
  expect(await world().live()).toEqual({ state: 'absent' });
  const { live } = world(present('write', 2 * MINUTE, 'own'));
  expect(await live()).toEqual({ state: 'present', principalId: 'own', live: true });
});

it('what Azure refuses is a fact', async () => {
  const { live, state } = world();
  state.answer = async () => {
    throw new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
  };
  expect(await live()).toMatchObject({ state: 'unreadable', failure: { kind: 'stalled' } });
});
