/**
 * How an object loses its finalizer before azid has cleaned up in Azure, by the controller or directly where none works. What stays in Azure
 * is recorded before that, in a ConfigMap of azid's own namespace, and reported to the user (docs/guarantees.md G18).
 */
import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import { FINALIZER, hasFinalizer, RELEASE_ANNOTATION } from '../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { configMaps } from '../kube/builtin.ts';
import { isAlreadyExists, isConflict, isNotFound, unlessNotFound } from '../kube/errors.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import { keyOf } from '../kube/types.ts';
import { LEFT_BEHIND_CONFIG_MAP } from '../reconcilers/own-config-maps.ts';
import { timestamp } from '../runtime/status/conditions.ts';
import type { Found, InstallationDeps } from './objects.ts';

export interface LeftBehind {
  readonly kind: string;
  /** `namespace/name`. */
  readonly object: string;
  readonly uid: string;
  /** What it has in Azure by its status. */
  readonly azure: readonly string[];
  readonly why: string;
  /** RFC 3339. */
  readonly time: string;
}

type Deps = Pick<InstallationDeps, 'client' | 'clock' | 'namespace' | 'signal'>;

/** The controller removes the finalizer at its next reconcile, and records an Event; what then stays is recorded here. */
export async function askForRelease(found: Found, why: string, deps: Deps): Promise<LeftBehind> {
  const left = leftBehindOf(found, why, deps.clock.now());
  await writeDown([left], deps);
  const { object, kind } = found;
  const annotations = { [RELEASE_ANNOTATION]: 'true' };
  // Refused for a namesake that was made meanwhile.
  const metadata = { resourceVersion: object.metadata.resourceVersion, annotations };
  await unlessGone(deps.client.mergePatch(kind.resource, keyOf(object), { metadata }, deps.signal));
  return left;
}

/** Only where no controller works: azid's finalizer goes, with nothing done in Azure. Those of others stay. */
export async function takeFinalizer(found: Found, why: string, deps: Deps): Promise<LeftBehind | undefined> {
  const { object, kind } = found;
  if (!hasFinalizer(object)) return undefined;
  const left = leftBehindOf(found, why, deps.clock.now());
  await writeDown([left], deps);
  await unlessGone(removeFinalizer(deps.client, kind.resource, object, FINALIZER, deps.signal));
  return left;
}

/** Undefined where the object is gone or has changed: the next read of it shows which. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return undefined;
    throw error;
  }
}

type IdsOf = (object: never) => readonly (string | undefined)[];

const BY_KIND: Readonly<Record<string, IdsOf>> = {
  UserAssignedIdentity: ({ status }: UserAssignedIdentity) => [status?.id],
  SystemAssignedIdentity: ({ status }: SystemAssignedIdentity) => [
    status?.id && `the system-assigned identity of ${status.id}`,
  ],
  RoleGrant: ({ status }: RoleGrant) => [status?.assignmentId, ...(status?.ledger ?? [])],
  FederatedIdentityCredential: ({ status }: FederatedIdentityCredential) => [
    status?.id,
    ...(status?.ledger ?? []),
  ],
  IdentityAttachment: ({ status }: IdentityAttachment) =>
    (status?.targets ?? [])
      .filter(({ state }) => state === 'Attached' || state === 'Attaching' || state === 'Detaching')
      .map(({ resourceId }) => `${status?.identityId ?? 'an identity'} on ${resourceId}`),
  HostIdentity: ({ spec, status }: HostIdentity) => [
    ...(status?.entries ?? [])
      .filter(({ owned }) => owned)
      .map(({ identityId }) => `${identityId} on ${status?.hostId ?? spec.resourceId}`),
    status?.systemAssigned?.owned === true
      ? `the system-assigned identity of ${status.hostId ?? spec.resourceId}`
      : undefined,
  ],
  AssignmentExpiry: ({ spec }: AssignmentExpiry) => [spec.assignmentId],
};

/** What an object has in Azure by its status, for lists and records that people read: each once, as the object spells it. Proves nothing. */
export function inAzure({ kind, object }: Found): readonly string[] {
  const found = BY_KIND[kind.resource.kind]?.(object as never) ?? [];
  const ids = found.filter((id) => id !== undefined);
  return [...new Map(ids.map((id) => [armKey(id), id])).values()];
}

/** A ConfigMap holds 1 MiB; an entry is a few hundred characters, of a host with many identities more. */
const MAX_BYTES = 700_000;

export function leftBehindOf(found: Found, why: string, now: number): LeftBehind {
  const { kind, object } = found;
  return {
    kind: kind.resource.kind,
    object: keyOf(object),
    uid: object.metadata.uid,
    azure: inAzure(found),
    why,
    time: timestamp(now),
  };
}

/** Entries by the uid of their object, so that an object that is written down twice has one. */
async function writeDown(
  entries: readonly LeftBehind[],
  { client, namespace, signal }: Pick<InstallationDeps, 'client' | 'namespace' | 'signal'>,
): Promise<void> {
  let pending = Object.fromEntries(
    entries.filter(({ azure }) => azure.length > 0).map((entry) => [entry.uid, JSON.stringify(entry)]),
  );
  for (let shard = 0; Object.keys(pending).length > 0; shard++) {
    const name = shard === 0 ? LEFT_BEHIND_CONFIG_MAP : `${LEFT_BEHIND_CONFIG_MAP}-${shard}`;
    const key = `${namespace}/${name}`;
    const found = await unlessNotFound(client.get(configMaps, key, signal));
    const { fits, rest } = split(found?.data ?? {}, pending);
    if (Object.keys(fits).length > 0) {
      const metadata = { namespace, name };
      if (found) await client.mergePatch(configMaps, key, { data: fits }, signal);
      else {
        try {
          await client.create(
            configMaps,
            { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: fits },
            signal,
          );
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
          await client.mergePatch(configMaps, key, { data: fits }, signal);
        }
      }
    }
    pending = rest;
  }
}

type Data = Readonly<Record<string, string>>;

/** Pure: what of it has room beside what is there; what stands there already needs none. An empty one takes at least one. */
export function split(held: Data, wanted: Data): { readonly fits: Data; readonly rest: Data } {
  let bytes = JSON.stringify(held).length;
  const fits: Record<string, string> = {};
  const rest: Record<string, string> = {};
  for (const [uid, text] of Object.entries(wanted)) {
    const isEmpty = Object.keys(held).length + Object.keys(fits).length === 0;
    if (uid in held) continue;
    if (isEmpty || bytes + text.length < MAX_BYTES) {
      fits[uid] = text;
      bytes += text.length;
    } else rest[uid] = text;
  }
  return { fits, rest };
}
