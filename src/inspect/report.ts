/** All that `azid status` shows of one object, read once; nothing is written. */
import { federatedIdentityCredential } from '../api/federated-identity-credential.ts';
import { type IdentityPolicy, identityPolicy } from '../api/identity-policy.ts';
import { KINDS } from '../api/index.ts';
import { type RoleGrant, roleGrant } from '../api/role-grant.ts';
import type { ManagedObject } from '../api/schema/common.ts';
import type { KindSchema } from '../api/schema/kind.ts';
import { ClusterIssuer, type ObservedIssuer } from '../kube/access/cluster-issuer.ts';
import { type Event, events, type Namespace, namespaces } from '../kube/builtin.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { listAll } from '../kube/informer/list.ts';
import type { KubeObject } from '../kube/types.ts';
import { readSnapshot, type SnapshotSource, type Unread } from '../relations/snapshot.ts';
import { treeOf } from '../relations/tree.ts';
import type { TreeNode } from '../relations/tree-node.ts';
import type { Clock } from '../runtime/time/clock.ts';
import type { ObservedResource } from './azure/describe.ts';
import type { AzureReads } from './azure/live.ts';
import { answersOf, type ObservedPolicies, type PolicyAnswer } from './policy/answers.ts';

export interface StatusReport {
  readonly object: ManagedObject;
  readonly tree: TreeNode;
  /** What of the tree may be missing. */
  readonly unread: readonly Unread[];
  /** Empty for kinds that ask no policy. */
  readonly policy: readonly PolicyAnswer[];
  /** `undefined`: Azure was not asked. */
  readonly azure: readonly ObservedResource[] | undefined;
  /** The newest first; a text: why they could not be read. */
  readonly events: readonly Event[] | string;
}

interface ReportDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly azidNamespace: string;
  readonly defaultAudience: string;
  /** Absent: Azure is not asked. */
  readonly azure?: AzureReads | undefined;
  readonly signal: AbortSignal;
}

export async function reportOf(
  kind: KindSchema<KubeObject>,
  key: string,
  deps: ReportDeps,
): Promise<StatusReport> {
  const { client, signal, azure } = deps;
  const object = (await client.get(kind.resource, key, signal)) as ManagedObject;
  const context = { priority: 'edit', signal } as const;
  // It loads the SDKs, which only --azure needs.
  const live = azure && { azure, ...(await import('./azure/live.ts')) };
  const [snapshot, observed, clusterIssuer, role, seen, events] = await Promise.all([
    readSnapshot(sourcesFor(object, deps.azidNamespace), deps),
    observePolicies(object, deps),
    issuerFor(object, deps),
    live && object.kind === roleGrant.resource.kind
      ? live.readRole(object as RoleGrant, live.azure, context)
      : undefined,
    live?.readAzure(object, live.azure, context),
    eventsOf(object, deps),
  ]);
  const { azidNamespace, defaultAudience } = deps;
  const all =
    object.kind === identityPolicy.resource.kind
      ? await optional(listAll<Namespace>(client, namespaces, signal), deps)
      : undefined;
  return {
    object,
    tree: treeOf(object, { snapshot, azidNamespace, namespaces: all?.value }),
    unread: [
      ...snapshot.unread,
      ...(all?.why === undefined ? [] : [{ plural: namespaces.plural, why: all.why }]),
    ],
    policy: answersOf(object, observed, { clusterIssuer, defaultAudience, role }),
    azure: seen,
    events,
  };
}

/** What a tree of the object may hold: of its namespace; of all for what belongs to the cluster, or to azid. */
function sourcesFor({ metadata, kind }: ManagedObject, azidNamespace: string): readonly SnapshotSource[] {
  if (ALONE.has(kind)) return [];
  const { namespace } = metadata;
  const ofAll = namespace === undefined || namespace === azidNamespace;
  return KINDS.filter(({ resource }) => resource.namespaced && !ALONE.has(resource.kind)).flatMap((each) => {
    if (each.internal !== true) return { kind: each, namespace: ofAll ? undefined : namespace };
    // Ledgers belong to no team, so the tree of an object of the cluster does not hold them.
    return namespace === undefined ? [] : { kind: each, namespace: azidNamespace };
  });
}

/** Nothing refers to them, and they refer to no object. */
const ALONE: ReadonlySet<string> = new Set(['EventSource', 'OrphanSweep', 'OrphanRecord']);

/** Only what trusts in tokens asks for it. */
function issuerFor({ kind }: ManagedObject, deps: ReportDeps): Promise<ObservedIssuer> {
  if (kind === federatedIdentityCredential.resource.kind) return new ClusterIssuer(deps).current(deps.signal);
  return Promise.resolve({ state: 'known', issuer: '' });
}

async function observePolicies({ metadata }: ManagedObject, deps: ReportDeps): Promise<ObservedPolicies> {
  const { client, signal } = deps;
  const { namespace } = metadata;
  if (namespace === undefined) return { policies: undefined, namespace: undefined };
  const [policies, found] = await Promise.all([
    optional(listAll<IdentityPolicy>(client, identityPolicy.resource, signal), deps),
    optional<Namespace>(client.get(namespaces, namespace, signal), deps),
  ]);
  const why = [
    policies.why && `IdentityPolicies: ${policies.why}`,
    found.why && `namespace ${namespace}: ${found.why}`,
  ].filter((each) => each !== undefined && each !== '');
  return {
    policies: policies.value,
    namespace: found.value,
    ...(why.length > 0 && { why: why.join('; ') }),
  };
}

/** The caller may not be allowed to read all of it. */
async function optional<T>(
  read: Promise<T>,
  { signal }: Pick<ReportDeps, 'signal'>,
): Promise<{ readonly value?: T; readonly why?: string }> {
  try {
    return { value: await read };
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError)) throw error;
    return { why: error.message };
  }
}

/** The Events about an object, the newest first; a text: why they could not be read. */
export async function eventsOf(
  { metadata }: ManagedObject,
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<readonly Event[] | string> {
  // Those of objects of the cluster stand in `default`, as of any reporter.
  const { namespace = 'default', name, uid } = metadata;
  try {
    const fieldSelector = `regarding.name=${name}`;
    return (await listAll<Event>(client, events, signal, { namespace, fieldSelector }))
      .filter(({ regarding }) => regarding?.uid === uid)
      .toSorted((left, right) => lastObserved(right) - lastObserved(left));
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError)) throw error;
    return error.message;
  }
}

/** Wall ms. An Event that came again says so in its series. */
export function lastObserved({ eventTime, series, metadata }: Event): number {
  const time = Date.parse(series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp);
  return Number.isNaN(time) ? 0 : time;
}
