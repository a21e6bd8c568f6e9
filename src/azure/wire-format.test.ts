import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ASSIGNMENT_NAMES,
  ASSIGNMENT_NAMESPACE,
  assignmentName,
  assignmentNames,
  proveOwnership,
} from './names/assignment-name.ts';
import {
  CREDENTIAL_NAME,
  credentialName,
  isCredentialOf,
  isCredentialOfInstallation,
} from './names/credential-name.ts';

/** The vectors of the page: rows of so many cells in back quotes. */
const page = readFileSync(new URL('../../docs/wire-format.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => [...line.matchAll(/`([^`]*)`/g)].map(([, cell = '']) => cell));
const grants = rows.filter(({ length }) => length === 5);
const credentials = rows.filter(({ length }) => length === 4);
/** Further names of one grant: installation, scope, role, principal, which one, name. */
const further = rows.filter(({ length }) => length === 6);

const installationId = '7a0b6d52-3c1e-4f7a-9a64-0c5be1f2a9d3';
const other = '00000000-0000-4000-8000-000000000001';
const grant = {
  scope: '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/Shop-RG',
  role: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  principalId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
};

test('the page has its vectors and its namespace', () => {
  expect(grants.length).toBeGreaterThanOrEqual(6);
  expect(credentials.length).toBeGreaterThanOrEqual(6);
  expect(further.map(([, , , , nth]) => nth)).toEqual(['2', '3', '2', '3']);
  expect(page).toContain(ASSIGNMENT_NAMESPACE);
});

describe('the name of an assignment', () => {
  test.each(grants)('is the one of the page: %s %s %s %s', (id, scope, role, principalId, name) => {
    expect(
      assignmentName(id ?? '', { scope: scope ?? '', role: role ?? '', principalId: principalId ?? '' }),
    ).toBe(name);
  });

  test.each(further)('may be another one of the page: %s %s %s %s %s', (...row) => {
    const [id = '', scope = '', role = '', principalId = '', nth = '', name = ''] = row;
    const given = { scope, role, principalId };
    expect(assignmentName(id, given, Number(nth))).toBe(name);
    expect(proveOwnership({ name, scope, roleGuid: role, principalId }, id)).toBe(true);
  });

  test('has the frozen first one before the others, and no fourth', () => {
    const names = assignmentNames(installationId, grant);
    expect(names[0]).toBe(assignmentName(installationId, grant));
    expect(new Set(names).size).toBe(ASSIGNMENT_NAMES);
    for (const nth of [0, 4, 1.5])
      expect(() => assignmentName(installationId, grant, nth)).toThrow('one of the 3 names');
  });

  test.each([
    ['case', { scope: grant.scope.toUpperCase() }],
    ['a missing leading slash', { scope: grant.scope.slice(1) }],
    [
      'doubled and trailing slashes',
      { scope: `${grant.scope.replace('/resourceGroups', '//resourceGroups')}/` },
    ],
    ['spaces around', { scope: ` ${grant.scope} `, principalId: ` ${grant.principalId.toUpperCase()}\n` }],
    ['the role’s full id', { role: `/providers/Microsoft.Authorization/roleDefinitions/${grant.role}` }],
    [
      'the role’s id with a prefix',
      { role: `/subscriptions/s/x/roleDefinitions/${grant.role.toUpperCase()}` },
    ],
  ])('does not depend on %s', (_, change) => {
    expect(assignmentName(installationId, { ...grant, ...change })).toBe(
      assignmentName(installationId, grant),
    );
  });

  test('differs as soon as any of the four differs', () => {
    const names = [
      assignmentName(installationId, grant),
      assignmentName(other, grant),
      assignmentName(installationId, { ...grant, scope: `${grant.scope}0` }),
      assignmentName(installationId, { ...grant, role: other }),
      assignmentName(installationId, { ...grant, principalId: other }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  test.each([
    ['scope', { scope: '' }, 'Expected an ARM id'],
    ['scope', { scope: '/subscriptions/s/resourceGroups/a\nb' }, 'Expected an ARM id'],
    ['role', { role: 'Reader' }, "Expected the role to be a GUID, got 'Reader'"],
    ['principal', { principalId: '' }, "Expected the principal id to be a GUID, got ''"],
  ])('of a %s that is none is refused', (_, change, message) => {
    expect(() => assignmentName(installationId, { ...grant, ...change })).toThrow(message);
  });
});

describe('ownership of an assignment', () => {
  const { role: roleGuid, ...rest } = grant;
  const made = { ...rest, roleGuid, name: assignmentName(installationId, grant) };

  test('is proven by its own scope, role and principal, in any case', () => {
    expect(proveOwnership(made, installationId)).toBe(true);
    const shown = { ...made, name: made.name.toUpperCase(), scope: made.scope.toLowerCase() };
    expect(proveOwnership(shown, installationId.toUpperCase())).toBe(true);
  });

  test.each([
    ['another installation', made, other],
    ['another name', { ...made, name: other }, installationId],
    ['another scope', { ...made, scope: '/' }, installationId],
    ['another role', { ...made, roleGuid: other }, installationId],
    ['another principal', { ...made, principalId: other }, installationId],
    ['a scope that is none', { ...made, scope: '' }, installationId],
    ['no role', { ...made, roleGuid: '' }, installationId],
  ])('is not proven for %s', (_, assignment, id) => expect(proveOwnership(assignment, id)).toBe(false));
});

describe('the name of a credential', () => {
  test.each(credentials)('is the one of the page: %s %s %s', (id, namespace, name, credential) => {
    expect(credentialName(id ?? '', { namespace: namespace ?? '', name: name ?? '' })).toBe(credential);
  });

  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const subdomain = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?$/);
  const owner = fc.record({ namespace: label, name: subdomain });

  test('is one that Azure takes for any name of an object, and leads back to it', () => {
    fc.assert(
      fc.property(owner, fc.uuid(), (object, id) => {
        const name = credentialName(id, object);
        expect(name).toMatch(CREDENTIAL_NAME);
        expect(isCredentialOf(name.toUpperCase(), id, object)).toBe(true);
        expect(isCredentialOfInstallation(name, id)).toBe(true);
      }),
    );
  });

  test('differs for two objects, however alike their names read', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9](-?[a-z0-9]){3,20}$/), (text) => {
        const cuts = [...text.matchAll(/-/g)].map(({ index }) => ({
          namespace: text.slice(0, index),
          name: text.slice(index + 1),
        }));
        const names = cuts.map((object) => credentialName(installationId, object));
        expect(new Set(names).size).toBe(cuts.length);
      }),
    );
    const [one, two] = [
      credentialName(installationId, { namespace: 'team-a', name: 'web' }),
      { namespace: 'team', name: 'a-web' },
    ];
    expect(isCredentialOf(one, installationId, two)).toBe(false);
  });

  test('of another installation, or of none, proves nothing', () => {
    const object = { namespace: 'shop', name: 'web' };
    const name = credentialName(installationId, object);
    expect(isCredentialOf(name, other, object)).toBe(false);
    expect(isCredentialOfInstallation(name, other)).toBe(false);
    expect(isCredentialOfInstallation('shop-web', installationId)).toBe(false);
    expect(isCredentialOf(`${name}0`, installationId, object)).toBe(false);
  });

  test.each([
    ['', 'web'],
    ['shop', ''],
    ['shop', 'a\nb'],
    ['shop', 'a/b'],
  ])('of %j/%j is refused', (namespace, name) => {
    expect(() => credentialName(installationId, { namespace, name })).toThrow('to be a Kubernetes name, got');
  });
});
