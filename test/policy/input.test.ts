import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { RG1, SUB, vmId } from '../support/kinds/hosts.ts';
import { refusal } from '../support/kinds/refusals.ts';
import { Cluster, SUBSCRIPTION } from '../support/testbed.ts';

/** At the door: what says nothing, or something else than it seems to, is refused with the field, what was expected, what was given, and the remedy. */

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } });
});
afterAll(() => cluster?.stop());

type Row = readonly [what: string, spec: object, ...says: readonly string[]];

const namespaces = { names: ['team-a'] };
const grant = (fields: object) => ({ namespaces, grants: [{ roles: ['Reader'], scopes: [SUB], ...fields }] });
const trust = (fields: object) => ({
  namespaces,
  federation: [{ issuers: ['cluster'], subjects: ['**'], ...fields }],
});
const term = (fields: object) => ({ namespaces: { selector: { matchExpressions: [fields] } } });

const policies: readonly Row[] = [
  [
    'every namespace by a star',
    { namespaces: { names: ['*'] } },
    'spec.namespaces.names[0]',
    "'*'",
    'selector: {}',
  ],
  [
    'a namespace that cannot be',
    { namespaces: { names: ['Team_A'] } },
    "the name of a namespace, got 'Team_A'",
  ],
  [
    'no namespace at all',
    { namespaces: { names: [] } },
    'spec.namespaces',
    'names, selector or both are needed',
  ],
  [
    'a key that no label has',
    { namespaces: { selector: { matchLabels: { 'a b': 'c' } } } },
    'spec.namespaces.selector.matchLabels',
    "got 'a b': no namespace can have it",
  ],
  [
    'a value that no label has',
    { namespaces: { selector: { matchLabels: { team: 'a b' } } } },
    'spec.namespaces.selector.matchLabels',
    "the value of a label, got 'a b'",
  ],
  [
    'a key in an expression',
    term({ key: 'a b', operator: 'Exists' }),
    'matchExpressions[0].key',
    "got 'a b'",
  ],
  [
    'a value in an expression',
    term({ key: 'team', operator: 'In', values: ['-a'] }),
    'matchExpressions[0].values[0]',
    "got '-a'",
  ],
  [
    'a misspelt word for an issuer',
    trust({ issuers: ['clutser'] }),
    'spec.federation[0].issuers[0]',
    "got 'clutser'; did you mean cluster?",
  ],
  ['another word', trust({ issuers: ['azure'] }), "got 'azure'; the only word is cluster"],
  [
    'the word of another product',
    trust({ issuers: ['GitHub'] }),
    'https://token.actions.githubusercontent.com',
  ],
  [
    'an issuer with a star',
    trust({ issuers: ['https://*.example'] }),
    "got 'https://*.example'; an issuer is no pattern",
  ],
  ['an issuer over http', trust({ issuers: ['http://issuer.example'] }), 'over https only'],
  [
    'an unknown variable',
    trust({ subjects: ['system:serviceaccount:$(namspace):web'] }),
    'spec.federation[0].subjects[0]',
    "expected $(namespace) as the only variable, got '$(namspace)' in 'system:serviceaccount:$(namspace):web'",
  ],
  ['a variable that does not end', trust({ subjects: ['a:$(namespace'] }), "got '$(namespace' in"],
  [
    'a subject with a blank at its end',
    trust({ subjects: ['a:b '] }),
    "got U+0020 (space) around 'a:b'; remove it",
  ],
  [
    'an audience with a blank',
    trust({ audiences: ['api://x\u00a0'] }),
    'audiences[0]',
    'U+00A0 (no-break space)',
  ],
  ['no audience', trust({ audiences: [] }), 'spec.federation[0].audiences', 'at least 1'],
  [
    'every role by a star',
    grant({ roles: ['*'] }),
    'spec.grants[0].roles[0]',
    "got '*'; roles are no patterns",
  ],
  ['a role with a blank', grant({ roles: ['Reader '] }), 'spec.grants[0].roles[0]', "around 'Reader'"],
  ['no time at all', grant({ maxDuration: '0h' }), 'spec.grants[0].maxDuration', 'above zero', "got '0h'"],
  ['zero in two units', grant({ maxDuration: '0d00m' }), "got '0d00m'"],
  ['a time in words', grant({ maxDuration: '8 hours' }), "got '8 hours'", '30d, 8h or 1d12h30m'],
  ['an empty time', grant({ maxDuration: '' }), "got ''"],
  [
    'a grant for nobody',
    grant({ principals: { identityRefs: false } }),
    'spec.grants[0].principals',
    'identityRefs: false without ids allows nobody',
  ],
  [
    'an attachment of nothing',
    {
      namespaces,
      attachments: [{ types: ['*'], scopes: [SUB], identities: { identityRefs: false, ids: [] } }],
    },
    'spec.attachments[0].identities',
    'allows nobody',
  ],
  [
    'a region with a comma',
    { namespaces, defaults: { location: 'Europe, West' } },
    'spec.defaults.location',
    "got 'Europe, West'; az account list-locations",
  ],
];

const role = { name: 'Reader' };
const principal = { identityRef: { name: 'web' } };
const grants: readonly Row[] = [
  [
    'a scope with a KELVIN SIGN',
    { principal, role, scope: `${SUB}/resourceGroups/team-\u212a` },
    'spec.scope',
    'U+212A (KELVIN SIGN',
    'type the plain ASCII character',
  ],
  ['a scope with a long s', { principal, role, scope: `${SUB}/resourceGroups/te\u017ft` }, 'U+017F (LONG S'],
  [
    'a scope with a full-width letter',
    { principal, role, scope: `${SUB}/resourceGroups/\uff41` },
    'passes for another one',
  ],
  ['a scope that ends in a blank', { principal, role, scope: `${RG1} ` }, 'spec.scope', 'U+0020 (space)'],
  [
    'a role that ends in a no-break space',
    { principal, role: { name: 'Reader\u00a0' }, scope: RG1 },
    'spec.role.name',
    'U+00A0 (no-break space)',
  ],
  [
    'a role with a capital I with a dot',
    { principal, role: { name: '\u0130nspector' }, scope: RG1 },
    'U+0130',
  ],
];

const pair = { issuer: 'https://issuer.example.org', subject: 'job:build' };
const identityRef = { name: 'web' };
const credentials: readonly Row[] = [
  [
    'a subject that ends in a blank',
    { identityRef, ...pair, subject: 'job:build ' },
    'spec.subject',
    'U+0020 (space)',
    'remove it',
  ],
  [
    'a subject that begins with a line end',
    { identityRef, ...pair, subject: '\njob' },
    'spec.subject',
    'got white space',
  ],
  [
    'an issuer that ends in a no-break space',
    { identityRef, ...pair, issuer: `${pair.issuer}\u00a0` },
    'spec.issuer',
    'U+00A0',
  ],
  ['an audience with a blank', { identityRef, ...pair, audience: ' api://x' }, 'spec.audience', 'U+0020'],
  [
    'a repository with a no-break space',
    { identityRef, github: { organization: 'org', repository: 'app\u00a0', tag: 'v1' } },
    'spec.github.repository',
    'U+00A0',
  ],
];

const selecting = (fields: object) => ({
  identityRef,
  target: {
    selector: { subscriptionId: SUBSCRIPTION, type: 'Microsoft.Compute/virtualMachines', ...fields },
  },
});
const NEITHER =
  'expected tags that a resource must have, or all: true for every Microsoft.Compute/virtualMachines of the subscription; got neither';
const attachments: readonly Row[] = [
  ['a selector without tags', selecting({}), 'spec.target.selector', NEITHER],
  ['a selector with an empty map of tags', selecting({ tags: {} }), NEITHER],
  ['a selector with all: false', selecting({ all: false }), NEITHER],
  ['a selector with both', selecting({ all: true, tags: { app: 'web' } }), 'got both'],
  [
    'a resource with a KELVIN SIGN',
    { identityRef, target: { resourceId: vmId('wor\u212aer') } },
    'spec.target.resourceId',
    'U+212A',
  ],
];

const identities: readonly Row[] = [
  ['a region that ends in a blank', { location: 'westeurope ' }, 'spec.location', 'U+0020 (space)'],
  [
    'a region with an underscore',
    { location: 'west_europe' },
    "westeurope or West Europe, got 'west_europe'",
  ],
];

describe.each([
  ['IdentityPolicy', policies],
  ['RoleGrant', grants],
  ['FederatedIdentityCredential', credentials],
  ['IdentityAttachment', attachments],
  ['UserAssignedIdentity', identities],
] as const)('a %s', (kind, rows) => {
  it.each(rows.map((row) => [row[0], row] as const))(
    'with %s is refused, in words',
    async (_, [, spec, ...says]) => {
      const metadata = { name: 'odd', ...(kind !== 'IdentityPolicy' && { namespace: 'team-a' }) };
      const message = await refusal(cluster, kind, metadata, spec);
      for (const each of says) expect(message).toContain(each);
    },
  );
});

it('a region is taken by either name, and the one may be written for the other later', async () => {
  const declare = (location: string) =>
    cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'UserAssignedIdentity',
      metadata: { name: 'region', namespace: 'team-a' },
      spec: { location },
    });
  await declare('West Europe');
  await declare('westeurope');
  await expect(declare('North Europe')).rejects.toThrow('location is immutable');
});

it('a selector whose tags are misspelt is refused even where unknown fields are only warned of', async () => {
  const { group, version, plural } = identityAttachment.resource;
  const object = {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityAttachment',
    metadata: { name: 'fleet', namespace: 'team-a' },
    spec: selecting({ tag: { app: 'web' } }),
  };
  const answer = await cluster.client.transport
    .request(
      {
        method: 'POST',
        path: `/apis/${group}/${version}/namespaces/team-a/${plural}`,
        query: { fieldValidation: 'Warn' },
        body: object,
      },
      new AbortController().signal,
    )
    .then(
      () => 'taken',
      (error: Error) => error.message,
    );
  expect(answer).toContain(NEITHER);
});
