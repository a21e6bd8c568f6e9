import type { StoreChange } from '../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../kube/types.ts';
import type { Source } from '../runtime/controller/watch.ts';
import type { ReconcileContext } from './kind.ts';
import type { Stores } from './stores.ts';
import { isEdit } from './watches/predicates.ts';
import { ofBoth } from './watches/watches.ts';

/** An identity that is to be deleted waits for what hangs on it; each kind says in its definition what of it does. */

export type IdentityKind = 'UserAssignedIdentity' | 'SystemAssignedIdentity';

/** What objects of one kind hold of identities of one kind. */
export interface Hold<T = KubeObject, Deps = unknown> {
  readonly of: IdentityKind;
  /** Its status counts too: an entry leaves a host's ledger when a read proved it gone. */
  readonly byStatus?: boolean;
  /** Identities that the object may hold: when it changes they ask again. */
  identitiesOf(object: T, stores: Stores): Iterable<ObjectKey>;
  /**
   * What holds the identity: by kind and key, or in words. Only what a policy allows counts, else anyone who may make objects
   * in a namespace could hold an identity for ever.
   */
  holders(
    identity: ObjectKey,
    deps: Deps,
    context: ReconcileContext,
  ): readonly string[] | Promise<readonly string[]>;
  /** What held it when Azure last answered, and of which Azure does not answer now: waited for as for a refusal. */
  doubts?(identity: ObjectKey, deps: Deps): readonly Doubt[];
}

/** Why it is not known whether something still holds an identity. */
export interface Doubt {
  readonly reason: string;
  /** Names what held it, why that is not known, and the remedy. */
  readonly message: string;
}

export interface HoldInStore<Deps> {
  readonly hold: Hold<KubeObject, Deps>;
  readonly store: Source<StoreChange<KubeObject>>;
}

/** What hangs on an identity, in Kubernetes: asked when it is to be deleted. */
export interface Holders {
  /** Sorted. */
  of(kind: IdentityKind, identity: ObjectKey, context: ReconcileContext): Promise<readonly string[]>;
  doubtsOf(kind: IdentityKind, identity: ObjectKey): readonly Doubt[];
  /** Keys of identities whose holders may be others now. */
  changed(kind: IdentityKind): Source<Iterable<ObjectKey>>;
}

export function holdersOf<Deps extends { readonly stores: Stores }>(
  holds: readonly HoldInStore<Deps>[],
  deps: Deps,
): Holders {
  return {
    async of(kind, identity, context) {
      const found: string[] = [];
      for (const { hold } of holds)
        if (hold.of === kind) found.push(...(await hold.holders(identity, deps, context)));
      return found.toSorted();
    },
    doubtsOf: (kind, identity) =>
      holds.flatMap(({ hold }) => (hold.of === kind ? (hold.doubts?.(identity, deps) ?? []) : [])),
    changed: (kind) => ({
      onChange(listener) {
        const subscriptions = new DisposableStack();
        for (const { hold, store } of holds) {
          if (hold.of !== kind) continue;
          subscriptions.use(
            store.onChange((change) => {
              if (change.initial || !(hold.byStatus || isEdit(change))) return;
              listener(ofBoth(change, (object) => hold.identitiesOf(object, deps.stores)));
            }),
          );
        }
        return subscriptions;
      },
    }),
  };
}

/**
 * Nothing new is given on an identity that is on its way out, so an object made since then holds it only by what its
 * ledger says it has: made again by a restore, say.
 *
 * @param since when the identity's deletion began
 */
export function holdsSince(since: string | undefined) {
  return ({ metadata, status }: KubeObject & { status?: { ledger?: readonly string[] | undefined } }) =>
    since === undefined || metadata.creationTimestamp <= since || (status?.ledger?.length ?? 0) > 0;
}
