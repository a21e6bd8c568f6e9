import type { How, Observation } from '../../cache/store/entry.ts';
import type { Change } from '../../cache/store/store.ts';
import { Emitter } from '../../runtime/controller/watch.ts';
import { watches as assignmentExpiry } from '../assignment-expiry/index.ts';
import { holds as holdsOfCredentials } from '../federated-identity-credential/request.ts';
import {
  store as credentials,
  watches as federatedIdentityCredential,
} from '../federated-identity-credential/watches.ts';
import { type Hold, type Holders, type HoldInStore, holdersOf } from '../holds.ts';
import { holds as holdsOfHosts } from '../host-identity/holds.ts';
import { store as hosts } from '../host-identity/index.ts';
import { watches as hostIdentity } from '../host-identity/watches.ts';
import { holds as holdsOfAttachments } from '../identity-attachment/holds.ts';
import { store as attachments } from '../identity-attachment/index.ts';
import { watches as identityAttachment } from '../identity-attachment/watches.ts';
import { holds as holdsOfGrants } from '../role-grant/holds.ts';
import {
  store as grants,
  type WatchDeps as RoleGrantDeps,
  watches as roleGrant,
} from '../role-grant/watches.ts';
import { type StoreDefinition, type Stores, storeOf } from '../stores.ts';
import { watches as systemAssignedIdentity } from '../system-assigned-identity/index.ts';
import { watches as userAssignedIdentity } from '../user-assigned-identity/watches.ts';

/** The watches of all kinds over stores that a test fills, and caches that it lets tell. */

type ChangeListener = (key: string, how: How, change: Change<never>) => void;

const NOTHING: Change<never> = { before: undefined, after: undefined };

class CacheTold {
  readonly #listeners = new Set<ChangeListener>();

  /** What it holds to be there, by key. */
  readonly present = new Map<string, unknown>();

  observe(key: string): Observation<never> {
    const resource = this.present.get(key);
    return resource === undefined
      ? { state: 'unknown' }
      : { state: 'present', resource: resource as never, how: 'write', ageMs: 0 };
  }

  onChange(listener: ChangeListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  use(): void {}

  onLoaded(): Disposable {
    return new DisposableStack();
  }

  onSettled(): Disposable {
    return new DisposableStack();
  }

  readonly tell = (key: string, how: How, change: Change<unknown> = NOTHING): void => {
    for (const listener of this.#listeners) listener(key, how, change as Change<never>);
  };
}

const KINDS = {
  identity: userAssignedIdentity,
  grant: roleGrant,
  credential: federatedIdentityCredential,
  expiry: assignmentExpiry,
  host: hostIdentity,
  attachment: identityAttachment,
  systemIdentity: systemAssignedIdentity,
};

export type KindOfTest = keyof typeof KINDS;

/** Nobody has a principal. */
const NOBODY: Pick<RoleGrantDeps, 'proofs' | 'systemProofs'> = {
  proofs: {
    known: () => undefined,

    mayHave: () => new Set(),
    ownersNamed: () => [],
  },
  systemProofs: { known: () => undefined, ofPrincipal: () => [], ownersNamed: () => [] },
};

export function watchWorld(stores: Stores, proofs: Pick<RoleGrantDeps, 'proofs' | 'systemProofs'> = NOBODY) {
  const listed = new Emitter<readonly string[]>();
  const decided = new Emitter<readonly string[]>();
  const completed = new Emitter<readonly string[]>();
  const holders = holdersOfAll({ stores });
  const caches = {
    identityCache: new CacheTold(),
    hostCache: new CacheTold(),
    credentialCache: new CacheTold(),
    assignmentCache: new CacheTold(),
    roles: new Emitter<string>(),
  };
  const deps = {
    principals: { holdersOf: () => [] },
    ...caches,
    ...proofs,
    stores,
    identitiesListed: listed,
    identitiesDecided: decided,
    grantsListed: listed,
    identitiesCompleted: completed,
    grantsCompleted: completed,
    dependentsChanged: {
      UserAssignedIdentity: holders.changed('UserAssignedIdentity'),
      SystemAssignedIdentity: holders.changed('SystemAssignedIdentity'),
    },
  };
  return {
    caches,
    /** Of which identity an object's is, though Azure shows the same. */
    decided,
    /** Whose lists are complete from now on. */
    completed,
    /** What a change enqueues of these kinds, as `kind key`, or as `kind key priority`; the rest is there before. */
    enqueuedBy(change: () => void, kinds: readonly KindOfTest[], withPriority = false): string[] {
      const enqueued = new Set<string>();
      using watching = new DisposableStack();
      for (const kind of kinds)
        for (const each of KINDS[kind](deps))
          watching.use(
            each.start((key, priority) =>
              enqueued.add(withPriority ? `${kind} ${key} ${priority}` : `${kind} ${key}`),
            ),
          );
      change();
      return [...enqueued].toSorted();
    },
  };
}

/** What all kinds say that they hold, over stores and parts of a test. */
export function holdersOfAll(deps: { readonly stores: Stores }): Holders {
  const of = <T>(store: StoreDefinition<never>, holds: readonly Hold<T, never>[]) =>
    holds.map(
      (hold) => ({ hold, store: storeOf({ store }, deps.stores) }) as unknown as HoldInStore<typeof deps>,
    );
  return holdersOf(
    [
      ...of(grants as never, holdsOfGrants),
      ...of(credentials as never, holdsOfCredentials),
      ...of(attachments as never, holdsOfAttachments),
      ...of(hosts as never, holdsOfHosts),
    ],
    deps,
  );
}
