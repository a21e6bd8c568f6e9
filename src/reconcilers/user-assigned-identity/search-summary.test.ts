import { describe, expect, it } from 'vitest';
import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import {
  absent,
  deleted,
  facts,
  ID,
  policy,
  SUBSCRIPTION,
  seen,
  settledStatus,
  uai,
} from './facts.fixture.ts';
import type { Search } from './facts.ts';

/** The status was lost: the spec leaves the place to the policy, whose defaults may be others by now. */
const spec = { subscriptionId: undefined, resourceGroup: undefined, location: undefined } as never;
const principalId = 'principal-1';
const searches: readonly Search[] = [
  { state: 'loading', subscriptionId: SUBSCRIPTION },
  { state: 'incomplete', subscriptionId: SUBSCRIPTION, principalId, because: 'no right' },
  { state: 'notFound', principalId, subscriptions: [SUBSCRIPTION] },
  { state: 'ambiguous', ids: [ID, `${ID}-2`] },
];
const policies = [
  policy({ defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' } }),
];

describe('while it is not known where the identity is', () => {
  it.each(searches)('nothing is made: $state', (search) => {
    const { actions, summary } = decide(uai({ spec }), facts({ policies, azure: absent, search }));
    expect(actions).toEqual([]);
    expect({ ...summary, message: '' }).toMatchObject(
      {
        loading: { state: 'waiting', for: `the first list of subscription ${SUBSCRIPTION}` },
        incomplete: { state: 'waiting', for: `a complete list of subscription ${SUBSCRIPTION}` },
        notFound: { state: 'stalled', reason: 'IdentityNotFound' },
        ambiguous: { state: 'stalled', reason: 'AmbiguousIdentity' },
      }[search.state],
    );
  });

  it.each(searches)('a deletion waits, or says what it leaves: $state', (search) => {
    const { actions, conditions } = decide(deleted({ spec, status: {} }), facts({ policies, search }));
    const waits = search.state === 'loading' || search.state === 'incomplete';
    expect(actions.map(({ type }) => type)).toEqual(waits ? [] : ['recordEvent', 'removeFinalizer']);
    expect(conditions?.map(({ reason }) => reason) ?? []).toEqual(
      search.state === 'incomplete' ? ['IdentityNotFound'] : [],
    );
    const [told] = actions;
    if (told?.type === 'recordEvent') expect(told.event).toMatchObject({ reason: 'LeftBehind' });
  });

  it('a list that failed is reported, also where nothing is on record', () => {
    const search: Search = {
      state: 'incomplete',
      subscriptionId: SUBSCRIPTION,
      because: 'the last list failed: 503',
    };
    const { summary } = decide(uai({ spec }), facts({ policies, azure: absent, search }));
    const said = expect.stringMatching(/may have an identity.*the last list failed: 503/);
    expect(summary).toMatchObject({ state: 'waiting', message: said });
    const going = decide(deleted({ spec, status: {} }), facts({ policies, search }));
    expect(going.conditions).toMatchObject([{ type: 'DeletionBlocked', message: said }]);
    // It is asked for again soon, and the objects that wait for it are not enqueued when it comes.
    expect(going.summary).toMatchObject({ state: 'deleting', againMs: 10_000 });
  });

  it.each(searches)('a released object goes at once, and says so: $state', (search) => {
    const metadata = {
      annotations: { [RELEASE_ANNOTATION]: 'true' },
      deletionTimestamp: '2026-11-23T09:59:00Z',
    };
    const { actions } = decide(deleted({ spec, metadata }), facts({ policies, search }));
    expect(actions.map(({ type }) => type)).toEqual(['recordEvent', 'removeFinalizer']);
  });

  it('a deletion that finds no end of it lets go in time', () => {
    const [, incomplete] = searches;
    const conditions = [deletionBlocked('2026-11-23T07:00:00Z', 'IdentityNotFound')];
    const { actions } = decide(
      deleted({ spec, status: { conditions } as never }),
      facts({ policies, search: incomplete as Search }),
    );
    expect(actions.map(({ type }) => type)).toEqual(['recordEvent', 'removeFinalizer']);
    expect(actions[0]).toMatchObject({ event: { message: expect.stringContaining(principalId) } });
  });
});

describe('what a deletion finds without a status', () => {
  it('is pinned before it is taken away: once it is gone, nothing is searched for', () => {
    const { actions } = decide(
      deleted({ spec, status: { id: undefined, coordinates: undefined } as never }),
      facts({ policies, lastShown: principalId, proven: settledStatus.coordinates }),
    );
    expect(actions).toMatchObject([
      { type: 'saveStatus', status: { coordinates: settledStatus.coordinates } },
      { type: 'deleteIdentity' },
    ]);
  });

  it('so also where the status names another place: what is there may be a copy', () => {
    const other = ID.replace('rg1', 'rg2');
    for (const status of [
      { id: other },
      { coordinates: { ...settledStatus.coordinates, resourceGroup: 'rg2' } },
    ])
      expect(
        decide(
          deleted({ spec, status }),
          facts({ policies, lastShown: principalId, proven: settledStatus.coordinates }),
        ).actions,
      ).toMatchObject([
        { type: 'saveStatus', status: { id: seen().id, coordinates: settledStatus.coordinates } },
        { type: 'deleteIdentity' },
      ]);
  });
});

describe('a copy of the object’s identity at a place that only a policy’s default names', () => {
  const copied = facts({
    policies,
    lastShown: 'its own',
    recorded: 'its own',
    azure: { state: 'present', identity: seen(), live: true },
  });
  const lost = { spec, status: { id: undefined, coordinates: undefined, principalId: undefined } as never };

  it('is taken over with permission alone', () => {
    const { actions, summary } = decide(uai(lost), copied);
    expect(actions).toEqual([]);
    expect(summary).toMatchObject({
      state: 'stalled',
      reason: 'AlreadyExists',
      message: expect.stringContaining('it is a copy: azid has principal its own on record'),
    });
  });

  it('stays when the object goes, which is reported', () => {
    const { actions } = decide(deleted(lost), copied);
    expect(actions.map(({ type }) => type)).toEqual(['recordEvent', 'removeFinalizer']);
  });

  it('is the object’s where its spec, or its status, names the place: it was made again', () => {
    for (const object of [deleted(), deleted({ spec })])
      expect(decide(object, copied).actions.map(({ type }) => type)).toEqual(['deleteIdentity']);
  });
});

it('a deletion reports the recorded one whose marks were stripped, also where the status was lost', () => {
  const { actions } = decide(
    deleted({ status: { id: undefined } as never }),
    facts({ recorded: principalId, azure: { state: 'present', identity: seen({}), live: true } }),
  );
  expect(actions.map(({ type }) => type)).toEqual(['recordEvent', 'removeFinalizer']);
});
