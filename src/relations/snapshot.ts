/** The objects that a tree is made of, as they were read once, with what could not be read. */
import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { ManagedObject } from '../api/schema/common.ts';
import type { KindSchema } from '../api/schema/kind.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { listAll } from '../kube/informer/list.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../kube/types.ts';

/** By kind, for those that others refer to. */
interface KindsOf {
  readonly UserAssignedIdentity: UserAssignedIdentity;
  readonly SystemAssignedIdentity: SystemAssignedIdentity;
  readonly IdentityAttachment: IdentityAttachment;
  readonly FederatedIdentityCredential: FederatedIdentityCredential;
  readonly RoleGrant: RoleGrant;
  readonly HostIdentity: HostIdentity;
  readonly AssignmentExpiry: AssignmentExpiry;
}

export interface Unread {
  /** Plural, as kubectl has it. */
  readonly plural: string;
  readonly why: string;
}

export class Snapshot {
  readonly #byKind: ReadonlyMap<string, ReadonlyMap<ObjectKey, ManagedObject>>;
  /** Kinds of which nothing is known: the caller may not read them, or the cluster does not serve them. */
  readonly unread: readonly Unread[];

  constructor(objects: readonly ManagedObject[], unread: readonly Unread[] = []) {
    const byKind = Map.groupBy(objects, ({ kind }) => kind);
    this.#byKind = new Map(
      [...byKind].map(([kind, all]) => [kind, new Map(all.map((each) => [keyOf(each), each]))]),
    );
    this.unread = unread;
  }

  all<K extends keyof KindsOf>(kind: K): readonly KindsOf[K][] {
    // The API server holds each kind to its schema.
    return [...(this.#byKind.get(kind)?.values() ?? [])] as unknown as readonly KindsOf[K][];
  }

  get<K extends keyof KindsOf>(kind: K, key: ObjectKey): KindsOf[K] | undefined {
    return this.#byKind.get(kind)?.get(key) as unknown as KindsOf[K] | undefined;
  }

  /** Whatever their kind. */
  get objects(): readonly ManagedObject[] {
    return [...this.#byKind.values()].flatMap((each) => [...each.values()]);
  }
}

export interface SnapshotSource {
  readonly kind: KindSchema<KubeObject>;
  /** Absent: of all namespaces, or a kind of the cluster. */
  readonly namespace?: string | undefined;
}

/** Lists of kinds, each by itself: a team may read its own objects and not azid's ledgers. */
export async function readSnapshot(
  sources: readonly SnapshotSource[],
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<Snapshot> {
  const lists = await Promise.all(
    sources.map(async ({ kind, namespace }): Promise<readonly ManagedObject[] | Unread> => {
      const selection = namespace === undefined ? {} : { namespace };
      try {
        return (await listAll(client, kind.resource, signal, selection)) as readonly ManagedObject[];
      } catch (error) {
        if (signal.aborted || !(error instanceof KubeError)) throw error;
        return { plural: kind.resource.plural, why: whyUnread(error) };
      }
    }),
  );
  const isUnread = (each: readonly ManagedObject[] | Unread): each is Unread => 'why' in each;
  return new Snapshot(
    lists.flatMap((each) => (isUnread(each) ? [] : each)),
    lists.filter(isUnread),
  );
}

function whyUnread(error: KubeError): string {
  switch (error.status) {
    case 403:
      return 'you may not read them';
    case 404:
      return 'the cluster does not serve them';
    default:
      return error.message;
  }
}
