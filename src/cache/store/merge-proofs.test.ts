import { describe, expect, test } from 'vitest';
import { type AzureIdentity, sameContent, sameInstance } from '../../azure/azure-identity.ts';
import { isWitness } from '../lists/listing.ts';
import { observationOf } from './entry.ts';
import { mergeDelete, mergeGone, mergePresent, mergeWrite } from './merge.ts';

/** Who proved what: a proof is of one instance, and a deletion of our own is another proof than a 404. */

const LAG = 120_000;
const HOUR = 3_600_000;
const RULES = { lagMs: LAG, sameContent, sameInstance };
const id = '/subscriptions/s/resourcegroups/g/providers/microsoft.managedidentity/userassignedidentities/n';

const identity = (principalId: string): AzureIdentity => ({
  id,
  key: id,
  name: 'n',
  subscriptionId: 's',
  resourceGroup: 'g',
  location: 'l',
  tags: {},
  clientId: `c-${principalId}`,
  principalId,
  tenantId: 't',
});

describe('a list', () => {
  const proved = mergeWrite(undefined, identity('p1'), 0, RULES);

  test('that shows the instance a GET or a write proved keeps the proof: the next list must show it', () => {
    const { entry } = mergePresent(proved, identity('p1'), HOUR, 'list', RULES);
    expect(entry && isWitness(entry, 2 * HOUR, LAG)).toBe(true);
  });

  test('that shows another instance has no proof of it, and a list without it is not short', () => {
    const { entry } = mergePresent(proved, identity('p2'), HOUR, 'list', RULES);
    expect(entry && observationOf(entry, HOUR)).toMatchObject({ state: 'present', how: 'list' });
    expect(entry?.provedAt).toBe(Number.NEGATIVE_INFINITY);
    expect(entry && isWitness(entry, 2 * HOUR, LAG)).toBe(false);
  });
});

describe('an absence', () => {
  const there = mergeWrite(undefined, identity('p1'), 0, RULES);

  test('that our own DELETE proved is distinguished from one that a GET proved', () => {
    const deleted = mergeDelete(there, HOUR);
    expect(observationOf(deleted, HOUR)).toEqual({ state: 'absent', provenBy: 'delete', ageMs: 0 });
    const { entry: gone } = mergeGone(there, HOUR, LAG);
    expect(gone && observationOf(gone, HOUR)).toEqual({ state: 'absent', provenBy: 'get', ageMs: 0 });
  });

  test('of our own making holds against a GET that still shows the same instance; one that a GET proved does not', () => {
    const deleted = mergePresent(mergeDelete(there, HOUR), identity('p1'), HOUR + 1, 'get', RULES);
    expect(deleted.entry && observationOf(deleted.entry, HOUR + 1)).toMatchObject({ state: 'absent' });
    expect(deleted.readAgainAt).toBe(HOUR + LAG);
    const gone = mergePresent(mergeGone(there, HOUR, LAG).entry, identity('p1'), HOUR + 1, 'get', RULES);
    expect(gone.entry && observationOf(gone.entry, HOUR + 1)).toMatchObject({ state: 'present' });
  });
});
