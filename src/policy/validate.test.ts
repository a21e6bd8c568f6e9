import { describe, expect, it } from 'vitest';
import type { IdentityPolicySpec } from '../api/identity-policy.ts';
import { type KnownRole, roleNamesOf, validate } from './validate.ts';

const SUB = '/subscriptions/00000000-0000-0000-0000-000000000001';
const CUSTOM = 'c0c0c0c0-0000-4000-8000-000000000001';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const roles: KnownRole[] = [
  { roleName: 'Reader', type: 'BuiltInRole', guid: READER },
  { roleName: 'Key Vault Secrets User', type: 'BuiltInRole', guid: 'b0' },
  { roleName: 'Team reader', type: 'CustomRole', guid: CUSTOM },
];
const types = ['Microsoft.Compute/virtualMachines', 'Microsoft.Web/sites'];
const namespaces = { names: ['team-a'] };
const found = (spec: Partial<IdentityPolicySpec>, known: readonly KnownRole[] | undefined = roles) =>
  validate({ namespaces, ...spec }, { roles: known, types }).map(
    ({ field, message }) => `${field}: ${message}`,
  );
const grant = (fields: object) => found({ grants: [{ roles: ['Reader'], scopes: [SUB], ...fields }] });
const trust = (fields: object) =>
  found({ federation: [{ issuers: ['cluster'], subjects: ['**'], ...fields }] });

describe('a word that names nothing is named, with what was probably meant', () => {
  it.each<[string, string[], string]>([
    [
      'a role',
      grant({ roles: ['Redaer'] }),
      "spec.grants[0].roles[0]: 'Redaer' is the name of no built-in role: did you mean Reader?",
    ],
    [
      'a role that is like none',
      grant({ roles: ['Reader', 'Wizard'] }),
      "roles[1]: 'Wizard' is the name of no built-in role; custom roles count by their GUID",
    ],
    ['a custom role', grant({ roles: ['team reader'] }), `it counts by its GUID only: write ${CUSTOM}`],
    ['a built-in role and a no-break space', grant({ roles: ['Reader\u00a0'] }), 'got U+00A0'],
    ['every role', grant({ roles: ['*'] }), "roles[0]: '*' is no role"],
    [
      'a scope with a letter that passes for another',
      grant({ scopes: [`${SUB}/resourceGroups/team-\u212a`] }),
      'spec.grants[0].scopes[0]: expected letters that stand for themselves, got U+212A',
    ],
    ['no time', grant({ maxDuration: '0h' }), "spec.grants[0].maxDuration: '0h'"],
    ['nobody', grant({ principals: { identityRefs: false } }), 'spec.grants[0].principals: '],
    [
      'a word for an issuer',
      trust({ issuers: ['clutser'] }),
      "spec.federation[0].issuers[0]: 'clutser' is neither cluster nor the https URL of an issuer: did you mean cluster?",
    ],
    ['an issuer as a pattern', trust({ issuers: ['https://*.example'] }), 'an issuer is no pattern'],
    [
      'a variable',
      trust({ subjects: ['a:$(namspace)'] }),
      'subjects[0]: $(namspace) is no variable; the only one is $(namespace)',
    ],
    ['a subject with a blank', trust({ subjects: ['a '] }), 'subjects[0]: expected no white space'],
    ['an audience with a blank', trust({ audiences: ['a '] }), 'audiences[0]: expected no white space'],
    [
      'every namespace by a star',
      found({ namespaces: { names: ['*'] } }),
      "spec.namespaces.names[0]: '*' is the name of no namespace",
    ],
    [
      'the key of no label',
      found({ namespaces: { selector: { matchLabels: { 'a b': 'c' } } } }),
      "spec.namespaces.selector.matchLabels: no label can have the key 'a b'",
    ],
    [
      'a type',
      found({ attachments: [{ types: ['Microsoft.Compute/virtualMachine'], scopes: [SUB] }] }),
      'did you mean Microsoft.Compute/virtualMachines?',
    ],
    [
      'a type to switch on',
      found({ systemAssigned: [{ types: ['Microsoft.Web/site'], scopes: [SUB] }] }),
      'spec.systemAssigned[0].types[0]: ',
    ],
    [
      'no identity',
      found({ attachments: [{ types: ['*'], scopes: [SUB], identities: { identityRefs: false } }] }),
      'spec.attachments[0].identities: ',
    ],
  ])('%s', (_, findings, says) => {
    expect(findings).toHaveLength(1);
    expect(findings[0]).toContain(says);
  });
});

it('what names something is not spoken of', () => {
  expect(
    found({
      namespaces: {
        names: ['team-a'],
        selector: {
          matchLabels: { 'example.com/team': 'a' },
          matchExpressions: [{ key: 'env', operator: 'Exists' }],
        },
      },
      identities: { scopes: [SUB] },
      federation: [
        {
          issuers: ['cluster', 'https://i/'],
          subjects: ['system:serviceaccount:$(namespace):*'],
          audiences: ['api://x'],
        },
      ],
      grants: [{ roles: ['READER', READER, CUSTOM], scopes: ['/', SUB], maxDuration: '1h' }],
      attachments: [{ types: ['*', 'microsoft.web/SITES', 'Contoso.Things/boxes'], scopes: [SUB] }],
      systemAssigned: [{ types: ['*'], scopes: [SUB] }],
    }),
  ).toEqual([]);
});

it('names of roles are not validated before the roles were read', () => {
  expect(found({ grants: [{ roles: ['Redaer'], scopes: [SUB] }] }, [])).toHaveLength(1);
  expect(validate({ namespaces, grants: [{ roles: ['Redaer'], scopes: [SUB] }] }, { types })).toEqual([]);
  expect(roleNamesOf({ namespaces, grants: [{ roles: ['Redaer', READER], scopes: [SUB] }] })).toEqual([
    'Redaer',
  ]);
});
