import { AssignmentMirror } from '../cache/assignment-mirror.ts';
import type { HostMirror } from '../cache/host-mirror.ts';
import type { IdentityMirror } from '../cache/mirror.ts';
import { RoleCatalog } from '../cache/role-catalog.ts';
import { RoleNames } from '../cache/role-names.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ClusterIssuer } from '../kube/cluster-issuer.ts';
import type { ObjectKey } from '../kube/types.ts';
import { AreasInUse } from '../reconcilers/areas.ts';
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

/** What RoleGrants and their ends need to work: the mirror of assignments, the catalog of roles, two kinds, and what wakes them. */

export interface GrantingParts {
  readonly options: OperatorOptions;
  readonly azure: AzureSide;
  readonly client: KubeClient;
  readonly stores: Stores;
  /** Of the identities. */
  readonly mirror: IdentityMirror;
  readonly proofs: IdentityProofs;
  readonly hostMirror: HostMirror;
  readonly clusterIssuer: ClusterIssuer;
  readonly systemIdentity: NonNullable<RoleGrantParts['systemIdentity']>;
  readonly installationId: string;
  /** Ends lists and looks. */
  readonly signal: AbortSignal;
  /** Wakes a grant, `afterMs` later where given. */
  readonly wake: (key: ObjectKey, priority: Priority, afterMs?: number) => void;
  /** The same for an AssignmentExpiry. */
  readonly wakeExpiry: (key: ObjectKey, priority: Priority, afterMs?: number) => void;
}

export class Granting implements AsyncDisposable {
  readonly kind: RoleGrantKind;
  readonly expiryKind: AssignmentExpiryKind;
  readonly mirror: AssignmentMirror;
  readonly roles: RoleCatalog;
  /** For policies that name roles. */
  readonly roleNames: RoleNames;
  /** What hangs on an identity: asked when one is deleted. */
  readonly dependents: Dependents;
  readonly #parts: GrantingParts;
  readonly #systemProofs: SystemProofs;
  readonly #cleanup = new AsyncDisposableStack();

  constructor(parts: GrantingParts) {
    this.#parts = parts;
    const { options, azure, client, stores, mirror, clusterIssuer, installationId, signal, wake } = parts;
    const { clock, random, log, cloud, namespace, azureLagMs, resyncIntervalMs, releaseAfterMs } = options;
    const { identities, assignments, permissions, definitions, whoAmI } = azure;
    const failed = (what: string) => (area: string, error: unknown) =>
      log.warn({ area, error }, `list of ${what} failed`);
    this.mirror = new AssignmentMirror({
      assignments,
      permissions,
      clock,
      random,
      signal,
      lagMs: azureLagMs,
      resync: { everyMs: resyncIntervalMs },
      onListFailure: failed('role assignments'),
    });
    this.#cleanup.defer(() => this.mirror.stop());
    this.roles = new RoleCatalog({
      definitions,
      clock,
      random,
      signal,
      onListFailure: failed('role definitions'),
    });
    this.#cleanup.defer(() => this.roles.stop());
    this.roleNames = new RoleNames(definitions, this.roles, clock, signal);
    const { hostMirror, proofs, systemIdentity } = parts;
    this.#systemProofs = new SystemProofs({ stores, hostMirror, systemIdentity, clock });
    const common = {
      stores,
      proofs,
      systemProofs: this.#systemProofs,
      identities,
      assignments,
      mirror,
      assignmentMirror: this.mirror,
      roles: this.roles,
      clock,
      installationId,
      systemIdentity,
      firstSeen: new Map<string, { readonly principalId: string; readonly at: number }>(),
    };
    const areas = new AreasInUse(this.#lists(), (keys) => {
      for (const key of keys) wake(key, 'resync');
    });
    this.kind = roleGrantKind({
      ...common,
      areas,
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
    const { stores, proofs } = this.#parts;
    this.#cleanup.use(wakeGrantsOnKubernetes({ stores, proofs, systemProofs: this.#systemProofs }, wake));
    this.#cleanup.use(
      this.mirror.onChange((key, how) => {
        // What this process made it knows already; but what it deleted for one object, another may share.
        if (how !== 'write') wakeOnAssignment(stores, wake, key, how === 'list' ? 'resync' : 'event');
      }),
    );
    this.#cleanup.use(this.roles.onChange((guid) => wakeOnRole(stores, wake, guid)));
    for (const key of stores.grants.keys()) wake.grant(key, 'resync');
    for (const key of stores.expiries.keys()) wake.expiry(key, 'resync');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  /** Where there are grants, both assignments and the roles they may name are listed. */
  #lists() {
    const parts = [this.mirror, this.roles];
    return {
      use: (area: string) => {
        for (const part of parts) part.use(area);
      },
      release: (area: string) => {
        for (const part of parts) part.release(area);
      },
      whenLoaded: async (area: string) => {
        await Promise.all(parts.map((part) => part.whenLoaded(area)));
      },
    };
  }
}
