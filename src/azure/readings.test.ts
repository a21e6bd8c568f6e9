import { describe, expect, test } from 'vitest';
import {
  credentialId,
  parseCredentialId,
  readCredential,
  sameCredential,
} from './azure-federated-credential.ts';
import {
  assignmentId,
  parseAssignmentId,
  readAssignment,
  sameAssignment,
  sameGrant,
} from './azure-role-assignment.ts';

const group = '/subscriptions/s1/resourceGroups/rg1';
const GUID = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`;

describe('a role assignment', () => {
  const answer = {
    id: assignmentId(group, GUID),
    name: GUID.toUpperCase(),
    scope: group,
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${GUID.toUpperCase()}`,
    principalId: GUID.toUpperCase(),
    principalType: 'ServicePrincipal',
  };

  test('is read in one form, without what is null', () => {
    expect(readAssignment({ ...answer, createdOn: new Date(5) })).toEqual({
      ...answer,
      key: answer.id.toLowerCase(),
      name: GUID,
      roleGuid: GUID,
      principalId: GUID,
      createdOn: 5,
    });
  });

  test.each(['name', 'scope', 'roleDefinitionId', 'principalId'] as const)(
    'without %s proves nothing, but in a list it stays',
    (field) => {
      const { [field]: _, ...rest } = answer;
      expect(() => readAssignment(rest)).toThrow(
        'expected a role assignment with name, scope, role and principal',
      );
      expect(readAssignment(rest, 'lenient').id).toBe(answer.id);
    },
  );

  test('has an id that leads back to its scope', () => {
    for (const scope of ['/', '/providers/Microsoft.Management/managementGroups/mg1', group, identity])
      expect(parseAssignmentId(assignmentId(scope, GUID))).toEqual({ scope, name: GUID });
    expect(assignmentId('/', GUID)).toBe(`/providers/Microsoft.Authorization/roleAssignments/${GUID}`);
    for (const id of [
      '',
      group,
      `${answer.id}/x`,
      `${group}/providers/Microsoft.Authorization/roleAssignments/`,
    ])
      expect(() => parseAssignmentId(id)).toThrow('Expected the id of a role assignment');
  });

  test('is the same with any prefix of its role, and not with another role, principal or condition', () => {
    const one = readAssignment(answer);
    expect(
      sameAssignment(one, {
        ...one,
        roleDefinitionId: GUID,
        createdOn: 1,
        principalType: 'serviceprincipal',
      }),
    ).toBe(true);
    for (const change of [{ roleGuid: 'x' }, { principalId: 'x' }])
      expect(sameGrant(one, { ...one, ...change })).toBe(false);
    for (const change of [
      { condition: 'x' },
      { description: 'x' },
      { principalType: 'User' },
      { roleGuid: 'x' },
    ])
      expect(sameAssignment(one, { ...one, ...change })).toBe(false);
  });
});

describe('a federated credential', () => {
  const answer = { id: credentialId(identity, 'Web'), issuer: 'https://i', subject: 's', audiences: ['a'] };

  test('has an id that leads back to its identity', () => {
    expect(parseCredentialId(answer.id)).toEqual({ identityId: identity, name: 'Web' });
    for (const id of ['', identity, `${answer.id}/x`, `${group}/federatedIdentityCredentials/web`])
      expect(() => parseCredentialId(id)).toThrow('Expected the');
  });

  test('without a subject, as flexible ones are, is kept; not as the answer of a write', () => {
    const { subject: _, ...flexible } = answer;
    expect(readCredential(flexible)).toMatchObject({ name: 'Web', subject: '' });
    expect(() => readCredential(flexible, 'written')).toThrow(
      'expected a federated credential with issuer and subject',
    );
  });

  test('is the same only with the same issuer, subject and audience, to the letter', () => {
    const one = readCredential(answer);
    expect(sameCredential(one, { ...one, id: one.id.toUpperCase() })).toBe(true);
    for (const change of [{ issuer: 'https://I' }, { subject: 'S' }, { audiences: [] }, { audiences: ['b'] }])
      expect(sameCredential(one, { ...one, ...change })).toBe(false);
  });
});
