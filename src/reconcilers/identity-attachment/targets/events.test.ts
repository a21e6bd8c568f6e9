import { expect, it } from 'vitest';
import { armKey } from '../../../azure/names/resource-id.ts';
import { attached, host, IDENTITY_ID, known } from '../facts.fixture.ts';
import type { ObservedHost, ReportedState } from '../facts.ts';
import { eventsOf } from './events.ts';
import type { Target } from './target.ts';

const SITES = 'Microsoft.Web/sites';

const gone = (name: string, change: Partial<ObservedHost> = {}): Target => ({
  host: host(name, { absent: true, ...change }),
  state: 'Waiting',
  reason: 'ResourceNotFound',
  attached: false,
  contested: false,
  open: false,
});
const there = (name: string): Target => ({
  host: attached(name),
  state: 'Attached',
  attached: true,
  contested: false,
  open: true,
});
const reported = (target: Target, before: ReportedState) =>
  eventsOf([target], new Map([[target.host.key, before]]), known).map(({ reason }) => reason);

it('a resource that vanished says what may be left behind, where azid would not know it again', () => {
  const site = gone('web', { type: SITES });
  expect(reported(site, 'Attached')).toEqual(['HostGone']);
  const [event] = eventsOf([site], new Map([[site.host.key, 'Attached']]), known);
  expect(event?.message).toMatch(/Should it have been moved, it is attached there still/);
});

it('not where a machine is known again by its id, nothing of azid’s was there, or it was reported', () => {
  expect(reported(gone('vm1'), 'Attached')).toEqual([]);
  expect(reported(gone('web', { type: SITES }), 'ExistsUnmanaged')).toEqual([]);
  expect(reported(gone('web', { type: SITES }), 'Gone')).toEqual([]);
});

it('what is there again is reported as attached', () => {
  expect(reported(there('vm1'), 'Gone')).toEqual(['IdentityAttached']);
});

it('who took it away from one resource can be named, of several each by its own', () => {
  const [one, two] = [there('vm1'), there('vm2')];
  const before = new Map([one, two].map(({ host: { key } }) => [key, 'other' as ReportedState]));
  expect(eventsOf([one], before, known).map(({ drift }) => drift)).toEqual([
    { id: one.host.id, how: 'written', parts: [armKey(IDENTITY_ID)], isRepaired: true },
  ]);
  expect(eventsOf([one, two], before, known).map(({ drift }) => drift)).toEqual([undefined]);
});
