import { beforeEach, describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { HeldIdentities, INSTALLATION, identityAt, marksOf } from '../proof/proofs.fixture.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import { facts, uai as objectOf } from './facts.fixture.ts';
import type { ObserveDeps } from './observe/in-azure.ts';
import { secondIdentities } from './observe/place.ts';

const A = '00000000-0000-4000-8000-00000000000a';
const idOf = (group: string) =>
  `/subscriptions/${A}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const coordinates = { subscriptionId: A, resourceGroup: 'rg1', location: 'westeurope', name: 'web' };
const marks = marksOf(meta('web'));
/** Of an object that lived before under the name. */
const earlier = marksOf({ ...meta('web'), uid: 'earlier' });

let held: HeldIdentities;
beforeEach(() => {
  held = new HeldIdentities();
});

const second = (spec: UserAssignedIdentity['spec'] = {}) => {
  const stores = emptyStores();
  const object = { metadata: meta('web'), spec, status: { coordinates } } as UserAssignedIdentity;
  put(stores.identities, object);
  const proofs = held.proofs(stores, { 'uid-web': 'p1' });
  const deps = { stores, proofs, identityCache: held, installationId: INSTALLATION };
  return secondIdentities(object, deps as unknown as ObserveDeps);
};

describe('besides the object’s own identity', () => {
  beforeEach(() => held.put(identityAt(idOf('rg1'), 'p1', marks)));

  it.each<[string, () => void, string[]]>([
    ['nothing', () => {}, []],
    [
      'one that an object of its name left',
      () => held.put(identityAt(idOf('rg2'), 'p2', earlier)),
      [idOf('rg2')],
    ],
    ['a copy, tags and all', () => held.put(identityAt(idOf('rg2'), 'p2', marks)), [idOf('rg2')]],
    [
      'not one of another object, nor one that is nobody’s',
      () => {
        held.put(identityAt(idOf('rg2'), 'p2', marksOf(meta('other'))));
        held.put(identityAt(idOf('rg3'), 'p3'));
      },
      [],
    ],
  ])('is found %s', (_, prepare, expected) => {
    prepare();
    expect(second()).toEqual(expected);
  });

  it('nothing is found where its spec cannot mean it', () => {
    held.put(identityAt(idOf('rg2'), 'p2', earlier));
    expect(second({ resourceGroup: 'rg1' })).toEqual([]);
  });
});

it('nothing is reported as long as the object’s own is not known', () => {
  held.put(identityAt(idOf('rg2'), 'p2', earlier));
  expect(second()).toBeUndefined();
});

describe('what is reported', () => {
  const told = { type: 'SecondIdentity', status: 'True', reason: 'MarkedElsewhere' } as const;
  const before = objectOf({
    status: { conditions: [{ ...told, message: '', lastTransitionTime: '2026-11-23T10:00:00Z' }] },
  });

  it('names it and the remedy, whatever else is decided', () => {
    const { conditions } = decide(objectOf(), facts({ second: [idOf('rg2')] }));
    expect(conditions).toContainEqual({
      ...told,
      message: expect.stringContaining(`${idOf('rg2')} carries`),
    });
    expect(conditions?.find(({ type }) => type === told.type)?.message).toContain(
      'delete it, or take the tags',
    );
  });

  it('is over once it is gone, and stays while nothing is known', () => {
    expect(decide(before, facts({ second: [] })).conditions).toMatchObject([
      { type: told.type, status: 'False', reason: 'NotMarked' },
    ]);
    expect(decide(before, facts()).conditions ?? []).toEqual([]);
    expect(decide(objectOf(), facts({ second: [] })).conditions ?? []).toEqual([]);
  });
});
