import { beforeEach, expect, it } from 'vitest';
import { IDENTITY, OTHER_IDENTITY } from './facts.fixture.ts';
import { IdentitiesInUse } from './in-use.ts';

let calls: string[];
let inUse: IdentitiesInUse;
beforeEach(() => {
  calls = [];
  inUse = new IdentitiesInUse({
    use: (id) => void calls.push(`use ${id}`),
    release: (id) => void calls.push(`release ${id}`),
  });
});

it('an identity is in use from its first object to its last, whatever the case of its id', () => {
  inUse.note('a', IDENTITY, 'p');
  inUse.note('a', IDENTITY.toLowerCase(), 'p');
  inUse.note('b', IDENTITY.toUpperCase(), 'p');
  inUse.forget('a');
  expect(calls).toEqual([`use ${IDENTITY}`]);
  inUse.forget('b');
  inUse.forget('b');
  inUse.forget('never seen');
  expect(calls).toEqual([`use ${IDENTITY}`, `release ${IDENTITY}`]);
});

it('an object that moves is on its new identity only', () => {
  inUse.note('a', IDENTITY, 'p');
  inUse.note('a', OTHER_IDENTITY, 'q');
  expect(calls).toEqual([`use ${IDENTITY}`, `release ${IDENTITY}`, `use ${OTHER_IDENTITY}`]);
});

it('a new principal forgets what was held, once for all objects', () => {
  inUse.note('a', IDENTITY, 'p');
  inUse.note('b', IDENTITY, 'p');
  inUse.note('a', IDENTITY, 'p2');
  inUse.note('b', IDENTITY, 'p2');
  expect(calls).toEqual([`use ${IDENTITY}`, `release ${IDENTITY}`, `use ${IDENTITY}`]);
});
