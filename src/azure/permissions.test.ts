import { expect, test } from 'vitest';
import { rightsOf } from './permissions.ts';

const read = 'Microsoft.ManagedIdentity/userAssignedIdentities/read';
const role = (actions: string[], notActions: string[] = []) => ({ actions, notActions });

test.each([
  ['the action itself', [role([read])], true],
  ['the action in another case', [role([read.toUpperCase()])], true],
  ['everything', [role(['*'])], true],
  ['all reads', [role(['*/read'])], true],
  ['all of the type', [role(['Microsoft.ManagedIdentity/userAssignedIdentities/*'])], true],
  ['another action', [role(['Microsoft.ManagedIdentity/userAssignedIdentities/write'])], false],
  [
    'a dot that would match anything',
    [role(['MicrosoftxManagedIdentity/userAssignedIdentities/read'])],
    false,
  ],
  ['the beginning only', [role(['Microsoft.ManagedIdentity'])], false],
  ['everything but reads', [role(['*'], ['*/read'])], false],
  ['everything but reads, and reads by another role', [role(['*'], ['*/read']), role([read])], true],
  ['nothing', [], false],
])('roles that give %s allow reading: %3$s', (_, permissions, allowed) => {
  expect(rightsOf(permissions).allows(read)).toBe(allowed);
});
