import { expect, test } from 'vitest';
import type { Services } from '../services.ts';
import { roleGrantKind } from './index.ts';
import { GrantedHere } from './ownership/owners.ts';

test('what is remembered of a grant goes with it, also what others asked about it', () => {
  const firstSeen: Services['firstSeen'] = new Map([
    ['uid-gone', { principalId: 'p', at: 1 }],
    ['uid-stays', { principalId: 'p', at: 1 }],
  ]);
  const released: string[] = [];
  const assignmentCache = { use: (key: string) => void released.push(key) };
  const forgotten: string[] = [];
  const references = { forget: (uid: string) => void forgotten.push(uid) };
  // Nothing else is asked when an object is forgotten.
  const granted = new GrantedHere();
  const services = { firstSeen, assignmentCache, granted, references } as unknown as Services;
  const reconciler = roleGrantKind.start(services, () => {});
  reconciler.forget?.('team-a/grant', 'uid-gone');
  expect([...firstSeen.keys()]).toEqual(['uid-stays']);
  expect(released).toEqual(['team-a/grant']);
  expect(forgotten).toEqual(['uid-gone']);
});
