import { expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { ReconcileContext } from '../../kind.ts';
import { attached, host, object } from '../facts.fixture.ts';
import { cachedHost, liveHost, type ObserveDeps } from './host.ts';

/** A host as the cache shows it, and as Azure answers. */

const LAG_MS = 120_000;
const shown = host([attached('app')]);

const deps = (
  seen: object,
  { loading = false, get }: { readonly loading?: boolean; readonly get?: () => Promise<unknown> } = {},
) =>
  ({
    hostCache: { observe: () => seen, loading: () => loading },
    hosts: { get },
    azureLagMs: LAG_MS,
  }) as unknown as ObserveDeps;

const context = (priority: ReconcileContext['priority']) => ({ priority }) as ReconcileContext;

it.each([
  [
    'what a list showed, which no write rests on',
    { state: 'present', resource: shown, how: 'list' },
    { state: 'present', host: shown, live: false },
  ],
  [
    'what was read alone neither',
    { state: 'present', resource: shown, how: 'get' },
    { state: 'present', host: shown, live: false },
  ],
  [
    'an absence that is proven',
    { state: 'absent' },
    { state: 'absent', live: false, conclusive: true, conclusiveInMs: 0 },
  ],
  ['nothing of one that a list left out: only Azure can tell', { state: 'suspectAbsent' }, undefined],
] as const)('the cache gives %s', (_, seen, expected) => {
  expect(cachedHost(object(), context('edit'), deps(seen))).toEqual(expected);
});

it.each([
  ['waits for the first list in the background', 'resync', true, { state: 'loading' }],
  ['is read alone where somebody waits', 'edit', true, undefined],
  ['is read alone once the list is there', 'resync', false, undefined],
] as const)('one that the cache knows nothing of %s', (_, priority, loading, expected) => {
  expect(cachedHost(object(), context(priority), deps({ state: 'unknown' }, { loading }))).toEqual(expected);
});

const live = (seen: object, openMs: number, get: () => Promise<unknown>) =>
  liveHost(object(), undefined, { blockedMs: 0, openMs }, context('edit'), deps(seen, { get }));

it('Azure gives it with what a write has to send back', async () => {
  const get = async () => ({ found: true, host: shown, model: { location: 'x' } });
  expect(await live({ state: 'unknown' }, 0, get)).toEqual({
    state: 'present',
    host: shown,
    live: true,
    model: { location: 'x' },
  });
});

it.each([
  ['proves its absence where nothing was written', { state: 'absent' }, 0, 0],
  ['proves nothing while a write may still arrive', { state: 'absent' }, 9_000, 9_000],
  ['proves nothing within the lag of an own write', { state: 'present', resource: shown }, 0, LAG_MS],
  ['proves nothing before both are over', { state: 'present', resource: shown }, LAG_MS + 1, LAG_MS + 1],
] as const)('a 404 %s', async (_, seen, openMs, conclusiveInMs) => {
  expect(await live(seen, openMs, async () => ({ found: false }))).toEqual({
    state: 'absent',
    live: true,
    conclusive: conclusiveInMs === 0,
    conclusiveInMs,
  });
});

it('what Azure refuses is a fact, and what is no answer of Azure is thrown', async () => {
  const refused = async () => {
    throw new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
  };
  expect(await live({ state: 'unknown' }, 0, refused)).toMatchObject({
    state: 'unreadable',
    failure: { kind: 'stalled' },
  });
  const broken = async () => {
    throw new TypeError('a defect');
  };
  await expect(live({ state: 'unknown' }, 0, broken)).rejects.toThrow('a defect');
});
