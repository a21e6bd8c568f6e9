/** The objects of azid's kinds in a cluster, whichever of the kinds it serves: an older or a newer azid may have installed its CRDs. */
import { KINDS } from '../api/index.ts';
import type { ManagedObject } from '../api/schema/common.ts';
import type { KindSchema } from '../api/schema/kind.ts';
import { type ConfigMap, configMaps } from '../kube/builtin.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { listAll } from '../kube/informer/list.ts';
import { type KubeObject, keyOf } from '../kube/types.ts';
import { isOwnConfigMap } from '../reconcilers/own-config-maps.ts';
import type { Clock } from '../runtime/time/clock.ts';

/** What a command on an installation works with: the caller's own rights in the cluster, and nothing of Azure. */
export interface InstallationDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** azid's own. */
  readonly namespace: string;
  /** The Lease that shows whether a controller works; see `controllerAtWork`. */
  readonly leaseName: string;
  /** A line of progress, for people. */
  readonly say: (line: string) => void;
  /** Aborts on Ctrl-C: what is begun ends, and the same command goes on from there. */
  readonly signal: AbortSignal;
}

/** An object and the kind that it is of. */
export interface Found {
  readonly kind: KindSchema<KubeObject>;
  readonly object: ManagedObject & { readonly spec: Readonly<Record<string, unknown>> };
}

/** `RoleGrant team/read`. */
export function nameOf({ kind, object }: Found): string {
  return `${kind.resource.kind} ${keyOf(object)}`;
}

/** All objects of a kind; undefined where the cluster does not serve it. */
export async function listKind(
  kind: KindSchema<KubeObject>,
  { client, signal }: Pick<InstallationDeps, 'client' | 'signal'>,
): Promise<readonly Found[] | undefined> {
  try {
    const items = await listAll(client, kind.resource, signal);
    return items.map((object) => ({ kind, object: object as Found['object'] }));
  } catch (error) {
    // Without its CRD the path itself is unknown, which not every API server says with a `Status`.
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

/** All objects of these kinds, of those that the cluster serves. */
export async function listKinds(
  kinds: readonly KindSchema<KubeObject>[],
  deps: Pick<InstallationDeps, 'client' | 'signal'>,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const kind of kinds) found.push(...((await listKind(kind, deps)) ?? []));
  return found;
}

/** The ConfigMaps that azid keeps for itself, in its own namespace. */
export async function ownConfigMaps({
  client,
  namespace,
  signal,
}: Pick<InstallationDeps, 'client' | 'namespace' | 'signal'>): Promise<readonly ConfigMap[]> {
  const maps = await listAll(client, configMaps, signal, { namespace });
  return maps.filter(({ metadata: { name } }) => isOwnConfigMap(namespace, name, namespace));
}

export interface Wave {
  readonly about: string;
  readonly kinds: readonly KindSchema<KubeObject>[];
}

const ORDER: readonly { readonly about: string; readonly kinds: readonly string[] }[] = [
  {
    about: 'grants, credentials and attachments',
    kinds: ['RoleGrant', 'FederatedIdentityCredential', 'IdentityAttachment'],
  },
  { about: 'system-assigned identities', kinds: ['SystemAssignedIdentity'] },
  // An identity waits until it is off all resources, which their ledgers show.
  { about: 'ledgers of resources', kinds: ['HostIdentity'] },
  { about: 'user-assigned identities', kinds: ['UserAssignedIdentity'] },
  { about: 'policies', kinds: ['IdentityPolicy'] },
];

/**
 * In which order azid's objects go. What depends on an identity goes before it. Policies go last: an object that is
 * still there may need their permission (a grant, for one, must be allowed an assignment for its claim on it to
 * count). What sweeps or receives events goes first, so that it does not act on what is half gone.
 *
 * @param all kinds that this azid knows; one that is in no wave of its own goes first, or last where it is internal
 */
export function wavesOf(all: readonly KindSchema<KubeObject>[] = KINDS): readonly Wave[] {
  const named = new Set(ORDER.flatMap(({ kinds }) => kinds));
  const others = all.filter(({ resource }) => !named.has(resource.kind));
  return [
    { about: 'sweeps and sources of events', kinds: others.filter(({ internal }) => internal !== true) },
    ...ORDER.map(({ about, kinds }) => ({
      about,
      kinds: all.filter(({ resource }) => kinds.includes(resource.kind)),
    })),
    { about: "azid's own records", kinds: others.filter(({ internal }) => internal === true) },
  ];
}
