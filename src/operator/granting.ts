import type { AzureCaches } from '../cache/caches.ts';
import { RoleNames } from '../cache/roles/names.ts';
import type { ClusterIssuer } from '../kube/access/cluster-issuer.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ObjectKey } from '../kube/types.ts';
import { type AssignmentExpiryKind, assignmentExpiryKind } from '../reconcilers/assignment-expiry/index.ts';
import { type Dependents, dependentsOn } from '../reconcilers/dependents.ts';
import type { IdentityProofs } from '../reconcilers/proof/identity-proofs.ts';
import { SystemProofs } from '../reconcilers/proof/system-identity.ts';
import { type RoleGrantKind, type RoleGrantParts, roleGrantKind } from '../reconcilers/role-grant/index.ts';
import type { Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';
import type { AzureSide } from './azure.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from './options.ts';
import { type WakeGrants, wakeGrantsOnKubernetes, wakeOnAssignment, wakeOnRole } from './wake-grants.ts';

/** What RoleGrants and their ends need to work: two kinds, and what wakes them. */

export interface GrantingParts {
  readonly options: OperatorOptions;
  readonly azure: AzureSide;
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly caches: AzureCaches;
  readonly proofs: IdentityProofs;
  readonly clusterIssuer: ClusterIssuer;
  readonly systemIdentity: NonNullable<RoleGrantParts['systemIdentity']>;
  readonly installationId: string;
  /** Ends lists and reads. */
  readonly signal: AbortSignal;
  /** Wakes a grant, `afterMs` later where given. */
  readonly wake: (key: ObjectKey, priority: Priority, afterMs?: number) => void;
  /** The same for an AssignmentExpiry. */
  readonly wakeExpiry: (key: ObjectKey, priority: Priority, afterMs?: number) => void;
}

export class Granting implements AsyncDisposable {
  readonly kind: RoleGrantKind;
  readonly expiryKind: AssignmentExpiryKind;
  /** For policies that name roles. */
  readonly roleNames: RoleNames;
  /** What hangs on an identity: asked when one is deleted. */
  readonly dependents: Dependents;
  readonly #parts: GrantingParts;
  readonly #systemProofs: SystemProofs;
  readonly #cleanup = new AsyncDisposableStack();

  constructor(parts: GrantingParts) {
    this.#parts = parts;
    const { options, azure, client, stores, caches, clusterIssuer, installationId, signal, wake } = parts;
    const { clock, cloud, namespace, azureLagMs, releaseAfterMs } = options;
    const { identities, assignments, definitions, whoAmI } = azure;
    this.roleNames = new RoleNames(definitions, caches.roles, clock, signal);
    const { proofs, systemIdentity } = parts;
    this.#systemProofs = new SystemProofs({ stores, hostMirror: caches.hosts, systemIdentity, clock });
    const common = {
      stores,
      proofs,
      systemProofs: this.#systemProofs,
      identities,
      assignments,
      mirror: caches.identities,
      assignmentMirror: caches.assignments,
      roles: caches.roles,
      clock,
      installationId,
      systemIdentity,
      firstSeen: new Map<string, { readonly principalId: string; readonly at: number }>(),
    };
    this.#onceListed((keys) => {
      for (const key of keys) wake(key, 'resync');
    });
    this.kind = roleGrantKind({
      ...common,
      areas: caches.assignments,
      client,
      azidNamespace: namespace,
      whoAmI,
      alarm: (key, afterMs) => wake(key, 'event', afterMs),
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    });
    this.expiryKind = assignmentExpiryKind({
      ...common,
      client,
      alarm: (key, afterMs) => parts.wakeExpiry(key, 'event', afterMs),
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    });
    const { federationAudience } = cloud;
    this.dependents = dependentsOn({
      ...common,
      clusterIssuer,
      federationAudience,
      releaseAfterMs,
    });
  }

  /** From now on whatever touches a grant wakes it. */
  wakes(wake: WakeGrants): void {
    const { stores, proofs, caches } = this.#parts;
    this.#cleanup.use(wakeGrantsOnKubernetes({ stores, proofs, systemProofs: this.#systemProofs }, wake));
    this.#cleanup.use(
      caches.assignments.onChange((key, how) => {
        // What this process made it knows already; but what it deleted for one object, another may share.
        if (how !== 'write') wakeOnAssignment(stores, wake, key, how === 'list' ? 'resync' : 'event');
      }),
    );
    this.#cleanup.use(caches.roles.onChange((guid) => wakeOnRole(stores, wake, guid)));
    for (const key of stores.grants.keys()) wake.grant(key, 'resync');
    for (const key of stores.expiries.keys()) wake.expiry(key, 'resync');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  /** Both the assignments and the roles of an area must be in, else each grant would ask for its role. */
  #onceListed(wake: (users: readonly ObjectKey[]) => void): void {
    const { assignments, roles } = this.#parts.caches;
    for (const cache of [assignments, roles.cache])
      this.#cleanup.use(
        cache.onLoaded((users, area) => {
          if (assignments.age(area) !== undefined && roles.cache.age(area) !== undefined) wake(users);
        }),
      );
  }
}
