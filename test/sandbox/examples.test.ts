import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { FederatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import type { IdentityAttachment } from '../../src/api/identity-attachment.ts';
import type { IdentityPolicy } from '../../src/api/identity-policy.ts';
import type { RoleGrant } from '../../src/api/role-grant.ts';
import type { SystemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { capabilityOf, hostTypeOf } from '../../src/azure/hosts/capabilities.ts';
import { identityId } from '../../src/azure/names/resource-id.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { evaluate, type NamespacePolicy } from '../../src/policy/evaluate.ts';
import { selectorScope } from '../../src/reconcilers/hosts/claims/spec.ts';
import { filesOf } from '../../src/sandbox/project.ts';
import { Cluster, SUBSCRIPTION } from '../support/testbed.ts';

/** examples/: the API server takes them, they refer to what is there, and each policy allows what its team declares. */

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const folders = (await readdir(EXAMPLES, { withFileTypes: true })).filter((each) => each.isDirectory());
const read = async (folder: string): Promise<KubeObject[]> => {
  const texts = await Promise.all(
    (await filesOf(`${EXAMPLES}/${folder}`, '.yaml')).map((file) => readFile(file, 'utf8')),
  );
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((each) => each.toJS() as KubeObject));
  return objects;
};
const all = await Promise.all(folders.map(async ({ name }) => ({ folder: name, objects: await read(name) })));
/** What a team declares, in a namespace of its own; the others are an administrator's, of the whole cluster. */
const examples = all.filter(({ objects }) => objects.some(({ kind }) => kind === 'Namespace'));
const ofCluster = all.filter((each) => !examples.includes(each));

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());

it('are found', () => {
  expect(examples.map(({ folder }) => folder).sort()).toEqual(['fleet', 'quickstart', 'vm', 'web-app']);
  expect(ofCluster.map(({ folder }) => folder)).toEqual(['orphan-sweep']);
});

describe.each(examples)('examples/$folder', ({ objects }) => {
  const of = <T extends KubeObject>(kind: string) => objects.filter((each) => each.kind === kind) as T[];
  const [namespace = '', ...more] = of('Namespace').map(({ metadata }) => metadata.name);
  const policy = () =>
    evaluate(of<IdentityPolicy>('IdentityPolicy').map(withTimes), { name: namespace, labels: {} });

  it('is in the order in which `kubectl apply -f` may take it: the namespace, then what allows the rest', () => {
    expect(objects.slice(0, 2).map(({ kind }) => kind)).toEqual(['Namespace', 'IdentityPolicy']);
  });

  it('is taken by the API server, every field of it', async () => {
    expect(more).toEqual([]);
    for (const object of objects) {
      const served = await cluster.apply({ ...object });
      // A field that the CRD does not know would be pruned without a word.
      expect(served).toMatchObject(object);
    }
  });

  it('stays in its namespace and refers to what is in it', () => {
    const declared = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    for (const { kind, metadata } of objects)
      if (!['Namespace', 'IdentityPolicy'].includes(kind)) expect(metadata.namespace).toBe(namespace);
    const referred = [
      ...of<RoleGrant>('RoleGrant').flatMap(({ spec }) => spec.principal.identityRef ?? []),
      ...of<IdentityAttachment>('IdentityAttachment').flatMap(({ spec }) => spec.identityRef ?? []),
      ...of<FederatedIdentityCredential>('FederatedIdentityCredential').map(({ spec }) => spec.identityRef),
    ];
    expect(referred.length).toBeGreaterThan(0);
    for (const { name, ...ref } of referred) {
      const { kind = 'UserAssignedIdentity' } = ref as { kind?: string };
      expect(declared).toContain(`${kind} ${name}`);
    }
  });

  it('is allowed by its policy in all it asks for', () => {
    const asked = [
      ...of<UserAssignedIdentity>('UserAssignedIdentity').map((each) => identityOf(each, policy())),
      ...of<RoleGrant>('RoleGrant').map((each) => grantOf(each, policy())),
      ...of<IdentityAttachment>('IdentityAttachment').map((each) => attachmentOf(each, policy())),
      ...of<SystemAssignedIdentity>('SystemAssignedIdentity').map(({ spec }) =>
        policy().allowsSystemAssigned(hostOf(spec.resourceId)),
      ),
    ];
    expect(asked.filter(({ allowed }) => !allowed)).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
  });
});

describe.each(ofCluster)('examples/$folder', ({ objects }) => {
  it('is taken by the API server, every field of it, and names nothing that a team has not', async () => {
    for (const object of objects) expect(await cluster.apply({ ...object })).toMatchObject(object);
    const scopes = objects.flatMap(
      ({ spec }: KubeObject & { spec?: { scopes?: string[] } }) => spec?.scopes ?? [],
    );
    const declared = JSON.stringify(examples);
    expect(scopes.length).toBeGreaterThan(0);
    for (const scope of scopes) expect(declared).toContain(scope);
  });

  it('changes nothing in Azure as it stands', () => {
    const modes = objects.map(({ spec }: KubeObject & { spec?: { mode?: string } }) => spec?.mode);
    expect(modes).toEqual(objects.map(() => 'Report'));
  });
});

/** As the API server would give it. */
function withTimes(policy: IdentityPolicy): IdentityPolicy {
  return { ...policy, metadata: { ...policy.metadata, creationTimestamp: '2026-11-23T10:00:00Z' } };
}

function identityOf({ metadata }: UserAssignedIdentity, policy: NamespacePolicy) {
  const { subscriptionId = '', resourceGroup = '' } = policy.defaults;
  expect(subscriptionId).toBe(SUBSCRIPTION);
  return policy.allowsIdentity(identityId({ subscriptionId, resourceGroup, name: metadata.name }));
}

function grantOf({ spec }: RoleGrant, policy: NamespacePolicy) {
  return policy.allowsGrant({
    roleGuid: 'not asked for by GUID',
    roleName: spec.role.name ?? '',
    roleType: 'BuiltInRole',
    scope: spec.scope,
    principal: { identityRef: true },
    createdAt: 0,
  });
}

function hostOf(hostId: string) {
  const type = hostTypeOf(hostId);
  expect(capabilityOf(type)).toBeDefined();
  return { hostId, type, known: true, adopt: false };
}

function attachmentOf({ spec: { target } }: IdentityAttachment, policy: NamespacePolicy) {
  const { selector, resourceId = '' } = target;
  const bySelector = selector !== undefined;
  const host = selector
    ? { hostId: selectorScope(selector), type: selector.type, known: true, adopt: false }
    : hostOf(resourceId);
  return policy.allowsAttachment({ ...host, bySelector, identity: { identityRef: true } });
}
