import { afterAll, beforeAll, expect, it } from 'vitest';
import { KubeError } from '../../src/kube/errors.ts';
import { NAMESPACE } from '../support/kinds/federation.ts';
import { Cluster } from '../support/testbed.ts';

/** What the API server itself refuses, naming the field: nobody has to wait for a controller to learn of a slip. */

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
});
afterAll(() => cluster?.stop());

const declare = (spec: object) =>
  cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'FederatedIdentityCredential',
    metadata: { name: 'build', namespace: NAMESPACE },
    spec: { identityRef: { name: 'web' }, ...spec },
  });
const github = { organization: 'org', repository: 'app' };
const pair = { issuer: 'https://issuer.example.org', subject: 'job:build' };

it.each([
  ['a subject with a wildcard', { ...pair, subject: 'repo:org/*' }, 'spec.subject', 'wildcards'],
  ['an issuer over http', { ...pair, issuer: 'http://issuer.example.org' }, 'spec.issuer', 'https'],
  ['an issuer with a query', { ...pair, issuer: 'https://issuer.example.org?a=b' }, 'spec.issuer', ''],
  ['a subject that is too long', { ...pair, subject: 'x'.repeat(601) }, 'spec.subject', '600'],
  ['an empty subject', { ...pair, subject: '' }, 'spec.subject', ''],
  ['an issuer alone', { issuer: pair.issuer }, 'spec', 'issuer and subject belong together'],
  ['nothing to trust', {}, 'spec', 'github is needed, got none of them'],
  [
    'two ways at once',
    { ...pair, github: { ...github, tag: 'v1' } },
    'spec',
    'needed, got issuer with subject and github',
  ],
  ['no reference', { ...pair, identityRef: undefined }, 'spec.identityRef', 'Required'],
  ['a reference that is no name', { ...pair, identityRef: { name: 'a/b' } }, 'spec.identityRef.name', ''],
  ['no event of GitHub', { github }, 'spec.github', 'got none of them'],
  [
    'two events of GitHub',
    { github: { ...github, tag: 'a', branch: 'b' } },
    'spec.github',
    'got branch and tag',
  ],
  ['pullRequest: false', { github: { ...github, pullRequest: false } }, 'spec.github', 'got none'],
  [
    'the id of an organization without that of the repository',
    { github: { ...github, tag: 'v1', organizationId: 5544123 } },
    'spec.github',
    'organizationId and repositoryId belong together',
  ],
  [
    'the id of a repository alone',
    { github: { ...github, tag: 'v1', repositoryId: 991 } },
    'spec.github',
    'organizationId and repositoryId belong together',
  ],
  [
    'an id that is none',
    { github: { ...github, tag: 'v1', organizationId: 0, repositoryId: 991 } },
    'spec.github.organizationId',
    'greater than or equal to 1',
  ],
  ['a wildcard for a branch', { github: { ...github, branch: 'release/*' } }, 'spec.github.branch', ''],
  ['a branch that reads as two fields', { github: { ...github, branch: 'a:b' } }, 'spec.github.branch', ''],
  [
    'a repository with its organization',
    { github: { ...github, repository: 'org/app', tag: 'v1' } },
    'spec.github.repository',
    '',
  ],
  [
    'a ServiceAccount that is no name',
    { kubernetes: { serviceAccount: { name: 'Web' } } },
    'spec.kubernetes.serviceAccount.name',
    '',
  ],
])('%s is refused by the API server, naming the field', async (_, spec, field, says) => {
  const refusal = await declare(spec).then(
    () => expect.fail('it was taken'),
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(KubeError);
  const { status, message } = refusal as KubeError;
  expect(status).toBe(422);
  expect(message).toContain(field);
  expect(message).toContain(says);
});
