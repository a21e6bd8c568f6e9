import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { KINDS } from '../../src/api/index.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { type ApiVersion, GROUP } from '../../src/api/schema/kind.ts';
import { customResourceDefinitions } from '../../src/kube/builtin.ts';
import type { Applied } from '../../src/kube/client.ts';
import { isTransient } from '../../src/kube/errors.ts';
import { type KubeObject, keyOf, type Resource } from '../../src/kube/types.ts';
import { storedValues } from '../support/planes/etcd.ts';
import { type Legacy, readLegacy, restoreAzure, restoreKubernetes } from '../support/takeover.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/**
 * From v1alpha1 to v1beta1 without a conversion webhook, on the real API server: both are served from one schema, the stored version moves, the old one
 * goes, and every object that an earlier azid left is what it was. docs/guides/upgrade.md has the same steps for people.
 */

const [ALPHA, BETA] = ['v1alpha1', 'v1beta1'] as const;
const alpha = (more: Partial<ApiVersion> = {}) => ({ name: ALPHA, served: true, storage: false, ...more });
const beta = (more: Partial<ApiVersion> = {}) => ({ name: BETA, served: true, storage: false, ...more });
const { signal } = new AbortController();

let cluster: Cluster;
let legacy: Legacy;
/** What an earlier azid left, as its version shows it, by kind and key. */
let before: ReadonlyMap<string, KubeObject>;
beforeAll(async () => {
  cluster = await Cluster.start({ own: true });
  legacy = await readLegacy('left-by-90903af.yaml');
  await restoreKubernetes(legacy, cluster);
  before = await all(ALPHA);
}, 600_000);
afterAll(() => cluster?.stop());

const as = <T extends KubeObject>(resource: Resource<T>, version: string): Resource<T> => ({
  ...resource,
  version,
});
const nameOf = ({ plural, group }: Resource) => `${plural}.${group}`;

async function all(version: string): Promise<ReadonlyMap<string, KubeObject>> {
  const lists = await Promise.all(KINDS.map(({ resource }) => cluster.list(as(resource, version))));
  return new Map(lists.flat().map((object) => [`${object.kind} ${keyOf(object)}`, object]));
}

/** As `kubectl apply -f crds/` of an azid with these versions; returns when each is served. */
async function apply(...versions: readonly ApiVersion[]): Promise<void> {
  for (const kind of KINDS) await cluster.apply(customResourceDefinition(kind, versions) as Applied);
  for (const { resource } of KINDS)
    for (const { name } of versions.filter(({ served }) => served))
      await until(`${resource.plural} to be served as ${name}`, async () => {
        const found = await cluster.list(as(resource, name)).catch((error) => {
          if (isTransient(error) || error.status === 404) return undefined;
          throw error;
        });
        return found !== undefined;
      });
}

const storedVersions = async () =>
  Promise.all(
    KINDS.map(async ({ resource }) => {
      const crd = await cluster.get(customResourceDefinitions, nameOf(resource));
      return (crd?.status as { storedVersions?: readonly string[] } | undefined)?.storedVersions;
    }),
  );
const each = <T>(value: T) => KINDS.map(() => value);

/** The versions in which etcd has azid's objects. */
async function versionsInEtcd(): Promise<readonly string[]> {
  const values = await storedValues(cluster.plane.dataDir, `/registry/${GROUP}/`);
  return [...new Set([...values.values()].map((object) => (object as KubeObject).apiVersion))].sort();
}

/** Of an object what no version may change: all but what names the version, and what a write moves. */
function lasting(object: KubeObject): object {
  const {
    apiVersion: _,
    metadata,
    ...rest
  } = object as KubeObject & { metadata: { managedFields?: unknown } };
  const { managedFields: __, resourceVersion: ___, ...kept } = metadata;
  return { ...rest, metadata: kept };
}
const lastingOf = (objects: ReadonlyMap<string, KubeObject>) =>
  Object.fromEntries([...objects].map(([name, object]) => [name, lasting(object)]));

const PRINCIPAL = '00000000-0000-4000-8000-00000000abcd';
/** As `kubectl replace` of the guide: who owns which field is said in the new version, too. */
async function writeAnew({ kind, metadata }: KubeObject): Promise<void> {
  if (metadata.name === 'forgotten') return;
  const resource = KINDS.find((each) => each.resource.kind === kind)?.resource as Resource;
  const { managedFields = [], resourceVersion } = metadata as typeof metadata & {
    managedFields?: readonly object[];
  };
  const renamed = managedFields.map((entry) => ({ ...entry, apiVersion: `${GROUP}/${BETA}` }));
  await cluster.patch(as(resource, BETA), keyOf({ metadata }), {
    metadata: { resourceVersion, managedFields: renamed },
  });
}

const GRANT = {
  apiVersion: `${GROUP}/${BETA}`,
  kind: 'RoleGrant',
  metadata: { name: 'made-as-beta', namespace: 'team-a' },
  spec: {
    principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
    role: { name: 'Reader' },
    scope: '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg1',
  },
};

/** Server-side apply by azid's own manager, in a version. */
function applied(version: string, status: object): Promise<KubeObject & { readonly status?: object }> {
  const metadata = { name: 'made-as-beta', namespace: 'team-a' };
  return cluster.client.apply(
    as(roleGrant.resource, version),
    { apiVersion: `${GROUP}/${version}`, kind: 'RoleGrant', metadata, status },
    { fieldManager: 'azid', force: true, subresource: 'status' },
    signal,
  );
}

it('has objects of an earlier azid to begin with, stored as v1alpha1', async () => {
  expect(before.size).toBeGreaterThan(10);
  expect(new Set([...before.values()].map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(8);
  expect(await versionsInEtcd()).toEqual([`${GROUP}/${ALPHA}`]);
  expect(await storedVersions()).toEqual(each([ALPHA]));
});

describe('both versions are served', () => {
  beforeAll(async () => {
    await cluster.apply({
      apiVersion: `${GROUP}/${ALPHA}`,
      kind: 'IdentityPolicy',
      metadata: { name: 'forgotten' },
      spec: { namespaces: { names: ['x'] } },
    });
    before = await all(ALPHA);
    await apply(alpha({ storage: true }), beta());
  }, 300_000);

  it('and the new one shows what was written in the old one', async () => {
    const shown = await all(BETA);
    expect(new Set([...shown.values()].map(({ apiVersion }) => apiVersion))).toEqual(
      new Set([`${GROUP}/${BETA}`]),
    );
    expect(lastingOf(shown)).toEqual(lastingOf(before));
  });

  it('and the old one shows what was written in the new one', async () => {
    await cluster.client.apply(
      as(roleGrant.resource, BETA),
      GRANT,
      { fieldManager: 'user', force: true },
      signal,
    );
    const shown = (await cluster.get(roleGrant.resource, 'team-a/made-as-beta')) as KubeObject | undefined;
    expect(shown).toMatchObject({ apiVersion: `${GROUP}/${ALPHA}`, spec: GRANT.spec });
  });

  it('and one manager owns what it applied in either: nothing is left over of the other version', async () => {
    await applied(ALPHA, { observedGeneration: 1, principalId: PRINCIPAL });
    const { status } = await applied(BETA, { observedGeneration: 1 });
    expect(status).toEqual({ observedGeneration: 1 });
  });

  it('and the rules are the same in both: what is refused in one is refused in the other', async () => {
    const messages = await Promise.all(
      [ALPHA, BETA].map((version) =>
        cluster.client
          .apply(
            as(roleGrant.resource, version),
            { ...GRANT, apiVersion: `${GROUP}/${version}`, spec: { ...GRANT.spec, scope: 'nowhere' } },
            { fieldManager: 'user', force: true },
            signal,
          )
          .then(
            () => 'taken',
            (error: Error) => error.message.replaceAll(version, 'VERSION'),
          ),
      ),
    );
    expect(messages[0]).toContain('scope');
    expect(messages[1]).toBe(messages[0]);
  });

  it('and nothing of this moved what is stored', async () => {
    expect(await versionsInEtcd()).toEqual([`${GROUP}/${ALPHA}`]);
    expect(await storedVersions()).toEqual(each([ALPHA]));
  });
});

describe('the stored version moves', () => {
  beforeAll(() => apply(alpha(), beta({ storage: true })), 300_000);

  it('which is on record at once, and leaves stored objects as they are', async () => {
    expect(await storedVersions()).toEqual(each([ALPHA, BETA]));
    expect(await versionsInEtcd()).toEqual([`${GROUP}/${ALPHA}`]);
  });

  it('and the old one cannot be dropped while it is on record', async () => {
    const [kind] = KINDS;
    if (!kind) throw new Error('expected a kind');
    const dropped = cluster.apply(customResourceDefinition(kind, [beta({ storage: true })]) as Applied);
    await expect(dropped).rejects.toThrow(/status\.storedVersions.*v1alpha1|must appear in spec\.versions/s);
  });

  it('until every object was written anew, which changes nothing of it', async () => {
    const kept = lastingOf(await all(BETA));
    // By an empty patch: enough for etcd, and not for what comes last.
    await cluster.patch(as(identityPolicy.resource, BETA), 'forgotten', {});
    for (const object of (await all(BETA)).values()) await writeAnew(object);
    expect(await versionsInEtcd()).toEqual([`${GROUP}/${BETA}`]);
    expect(lastingOf(await all(BETA))).toEqual(kept);
  });

  it('and an azid that knows the old version alone goes on working: that is the way back', async () => {
    const world = await World.create(cluster, {
      now: Date.parse(legacy.taken.at) + 3_600_000,
      tenantId: legacy.azure.tenantId,
      operator: { clusterIssuer: 'https://issuer.example.org/cluster' },
    });
    try {
      await cluster.delete(roleGrant.resource, 'team-a/made-as-beta');
      await restoreAzure(legacy, world.azure);
      const since = world.azure.requests().length;
      await world.start();
      await world.pass(60_000);
      const calls = world.azure.requests(since).filter(({ caller }) => caller === 'controller');
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.filter(({ method }) => method !== 'GET')).toEqual([]);
    } finally {
      await world.dispose();
    }
    expect(await versionsInEtcd()).toEqual([`${GROUP}/${BETA}`]);
  });
});

describe('the old version goes', () => {
  it('from the record, then from the CRD, and every object is still what it was', async () => {
    for (const { resource } of KINDS)
      await cluster.patch(
        customResourceDefinitions,
        nameOf(resource),
        { status: { storedVersions: [BETA] } },
        'status',
      );
    expect(await storedVersions()).toEqual(each([BETA]));
    await apply(alpha({ served: false, deprecated: true }), beta({ storage: true }));
    await apply(beta({ storage: true }));
    const after = await all(BETA);
    const uids = (objects: ReadonlyMap<string, KubeObject>) =>
      Object.fromEntries([...objects].map(([name, { metadata }]) => [name, metadata.uid]));
    expect(uids(after)).toEqual(uids(before));
    const specs = (objects: ReadonlyMap<string, KubeObject>) =>
      Object.fromEntries([...objects].map(([name, object]) => [name, (object as { spec?: unknown }).spec]));
    expect(specs(after)).toEqual(specs(before));
    await expect(cluster.list(roleGrant.resource)).rejects.toMatchObject({ status: 404 });
    expect(await storedVersions()).toEqual(each([BETA]));
  });

  const policy = (
    version: string,
    name: string,
    spec: object,
  ): Promise<KubeObject & { readonly spec?: object }> =>
    cluster.client.apply(
      as(identityPolicy.resource, version),
      { apiVersion: `${GROUP}/${version}`, kind: 'IdentityPolicy', metadata: { name }, spec },
      { fieldManager: 'user', force: true },
      signal,
    );

  it('and whoever applied in it before applies on, and what is left out goes', async () => {
    const { metadata, spec } = before.get('IdentityPolicy team-a') as KubeObject & {
      spec: Record<string, unknown>;
    };
    const { grants: _, ...fewer } = spec;
    const shown = await policy(BETA, 'team-a', fewer);
    expect(shown.metadata.uid).toBe(metadata.uid);
    expect(shown.spec).toEqual(fewer);
  });

  it('but an object whose managed fields still name it takes no apply, until these are forgotten', async () => {
    await expect(policy(BETA, 'forgotten', { namespaces: { names: ['x'] } })).rejects.toThrow(
      'request to convert CR to an invalid group/version: azid.dev/v1alpha1',
    );
    await cluster.patch(as(identityPolicy.resource, BETA), 'forgotten', {
      metadata: { managedFields: [{}] },
    });
    await policy(BETA, 'forgotten', { namespaces: { names: ['x'] } });
  });
});
