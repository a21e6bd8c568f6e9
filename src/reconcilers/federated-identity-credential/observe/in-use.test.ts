import { beforeEach, expect, it } from 'vitest';
import { armKey } from '../../../azure/names/resource-id.ts';
import { AreasInUse } from '../../../cache/lists/areas-in-use.ts';
import { IDENTITY, OTHER_IDENTITY } from '../facts.fixture.ts';
import { IdentitiesInUse } from './credentials.ts';

const KEY = armKey(IDENTITY);
let calls: string[];
let inUse: IdentitiesInUse;
beforeEach(() => {
  calls = [];
  const areas = new AreasInUse();
  areas.onChange({
    began: (key) => void calls.push(`use ${key}`),
    ended: (key) => void calls.push(`release ${key}`),
  });
  inUse = new IdentitiesInUse({
    inUse: areas,
    use: (user, ids) => areas.use(user, ids.map(armKey)),
    forget: (id) => void calls.push(`forget ${armKey(id)}`),
  });
});

it('an identity is in use from its first object to its last, whatever the case of its id', () => {
  inUse.record('a', IDENTITY, 'p');
  inUse.record('a', IDENTITY.toLowerCase(), 'p');
  inUse.record('b', IDENTITY.toUpperCase(), 'p');
  inUse.forget('a');
  expect(calls).toEqual([`use ${KEY}`]);
  inUse.forget('b');
  inUse.forget('b');
  inUse.forget('never seen');
  expect(calls).toEqual([`use ${KEY}`, `release ${KEY}`]);
});

it('an object that moves is on its new identity only', () => {
  inUse.record('a', IDENTITY, 'p');
  inUse.record('a', OTHER_IDENTITY, 'q');
  expect(calls).toEqual([`use ${KEY}`, `use ${armKey(OTHER_IDENTITY)}`, `release ${KEY}`]);
});

it('a new principal forgets what was held, once for all objects', () => {
  inUse.record('a', IDENTITY, 'p');
  inUse.record('b', IDENTITY, 'p');
  inUse.record('a', IDENTITY, 'p2');
  inUse.record('b', IDENTITY, 'p2');
  expect(calls).toEqual([`use ${KEY}`, `forget ${KEY}`]);
});
