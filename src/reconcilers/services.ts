import type { CallContext } from '../azure/arm/arm-calls.ts';
import type { AzureCaller } from '../azure/arm/caller.ts';
import type { Cloud } from '../azure/arm/clouds.ts';
import type { AssociatedResources } from '../azure/associated-resources.ts';
import type { FederatedCredentials } from '../azure/federated-credentials.ts';
import type { PrincipalStates } from '../azure/graph/directory.ts';
import type { Hosts } from '../azure/hosts/hosts.ts';
import type { Identities } from '../azure/identities.ts';
import type { Permissions } from '../azure/permissions.ts';
import type { ResourceGraph } from '../azure/resource-graph.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import type { RoleDefinitions } from '../azure/role-definitions.ts';
import type { AssignmentCache } from '../cache/assignments.ts';
import type { AzureCaches } from '../cache/caches.ts';
import type { CredentialCache } from '../cache/credentials.ts';
import type { HostCache } from '../cache/hosts/hosts.ts';
import type { IdentityCache } from '../cache/identities.ts';
import type { RoleCatalog } from '../cache/roles/catalog.ts';
import type { RoleNames } from '../cache/roles/names.ts';
import type { HintSink } from '../hints/hint.ts';
import type { EventSources } from '../hints/sources/event-sources.ts';
import type { ClusterIssuer } from '../kube/access/cluster-issuer.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import type { Source } from '../runtime/controller/watch.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { Elapsed } from '../runtime/time/elapsed.ts';
import { type Doubt, type HoldInStore, holdersOf, type IdentityKind } from './holds.ts';
import { apiVersionOf } from './hosts/api-version.ts';
import { type ObservedSystemIdentity, systemIdentityNow } from './hosts/system-identity.ts';
import type { ReconcileContext } from './kind.ts';
import { LateWrites } from './own-writes.ts';
import { IdentityProofs } from './proof/identity-proofs.ts';
import { MissingReferences } from './proof/missing-references.ts';
import type { RecordedPrincipals } from './proof/recorded-principals.ts';
import { SystemProofs } from './proof/system-identity.ts';
import { type EndingIdentity, leftoversOf } from './role-grant/holds.ts';
import { GrantedHere } from './role-grant/ownership/owners.ts';
import type { LastSignIns } from './sign-ins/last-sign-ins.ts';
import type { Stores } from './stores.ts';
import { completedOf, listedOf } from './watches/areas.ts';

/** What every kind may use: all of it, or what a step names of it in its own `PerformDeps`, `WatchDeps` and the like. */

/** Azure, as it answers now. */
export interface AzureSide {
  readonly identities: Identities;
  readonly credentials: FederatedCredentials;
  readonly hosts: Hosts;
  readonly permissions: Permissions;
  readonly assignments: RoleAssignments;
  readonly definitions: RoleDefinitions;
  /** What one identity is attached to. */
  readonly associated: AssociatedResources;
  /** What all are attached to, of what azid may read. */
  readonly resourceGraph: ResourceGraph;
  /** Whether principals still exist. Absent: azid does not ask the directory. */
  readonly directory?: PrincipalStates | undefined;
  /** azid's own identity, asked once; rejects with an `AzureError` while there is no token. */
  readonly whoAmI: () => Promise<AzureCaller>;
}

/** What Azure was last seen to hold. */
interface Caches {
  /** Of the identities. */
  readonly identityCache: IdentityCache;
  readonly assignmentCache: AssignmentCache;
  readonly credentialCache: CredentialCache;
  readonly hostCache: HostCache;
  readonly roles: RoleCatalog;
}

interface Settings {
  readonly installationId: string;
  readonly azidNamespace: string;
  readonly cloud: Pick<Cloud, 'name' | 'serviceBusSuffix'>;
  /** Of the cloud. */
  readonly federationAudience: string;
  readonly azureLagMs: number;
  /** Time limit of a call to Azure: a write that a dead process began has ended by then. */
  readonly callLimitMs: number;
  /** How long a deletion that Azure refuses holds its object. */
  readonly releaseAfterMs: number;
}

interface Given extends AzureSide, Settings {
  readonly caches: AzureCaches;
  /** Where word from Azure goes that something may have changed. */
  readonly hints: HintSink;
  /** Who receives from which queue of Azure's events. */
  readonly eventSources: EventSources;
  /** For policies that name roles. */
  readonly roleNames: RoleNames;
  readonly stores: Stores;
  readonly client: KubeClient;
  readonly clusterIssuer: ClusterIssuer;
  /** Absent: azid does not ask for sign-ins. */
  readonly signIns?: LastSignIns | undefined;
  /** On which principals azid saw its marks before. */
  readonly principals: RecordedPrincipals;
  /** Whether another process reconciles the UserAssignedIdentity of this key. Absent: this one reconciles all. */
  readonly isAnothers?: ((identity: ObjectKey) => boolean) | undefined;
  /** What `deletionPolicy: Retain` left in Azure. */
  readonly retained: RetainedRecords;
  /** For metrics. */
  readonly onOrphanDeleted?: ((type: string) => void) | undefined;
  readonly clock: Clock;
}

/** What hangs on an identity, in Kubernetes and in Azure: asked when one is deleted. */
export interface Dependents {
  /**
   * What keeps it: objects that refer to it, are not being deleted themselves, and may, by kind and key; and the resources
   * that azid is still to detach it from. Sorted.
   */
  referencesTo(identity: ObjectKey, context: ReconcileContext): Promise<readonly string[]>;
  /** What referred to it when Azure last answered, and of which it does not answer now. */
  doubtsOf(identity: ObjectKey): readonly Doubt[];
  /** The same as `referencesTo` of a SystemAssignedIdentity. */
  referencesToSystemIdentity(identity: ObjectKey, context: ReconcileContext): Promise<readonly string[]>;
  /** Role assignments of its principal that azid made and that no object stands for, by id. */
  leftoversOf(identity: EndingIdentity, context: ReconcileContext): Promise<readonly string[]>;
}

export interface SharedServices extends Given, Caches {
  /** How long ago something was that a status records. */
  readonly elapsed: Elapsed;
  readonly lateWrites: LateWrites;
  /** For how long a reference to what is not there is waited for. */
  readonly references: MissingReferences;
  /** Whose an identity is and which principal it has, as Azure proves it. */
  readonly proofs: IdentityProofs;
  readonly systemProofs: SystemProofs;
  readonly systemIdentity: (hostId: string, context: CallContext) => Promise<ObservedSystemIdentity>;
  /** API version of a type that azid does not know, as any object gives it. */
  readonly apiVersionOf: (type: string) => string | undefined;
  /** Keys of the UserAssignedIdentities whose subscription was listed for the first time. */
  readonly identitiesListed: Source<readonly ObjectKey[]>;
  /** Keys of those whose subscription's list is believed to hold everything, and was not before. */
  readonly identitiesCompleted: Source<readonly ObjectKey[]>;
  /** Keys of those of which it was decided otherwise which identity is theirs, while Azure shows the same. */
  readonly identitiesDecided: Source<readonly ObjectKey[]>;
  /** Keys of grants, when both assignments and roles of an area of theirs were listed for the first time. */
  readonly grantsListed: Source<readonly ObjectKey[]>;
  /** The same of the list of assignments, when it is believed to hold everything, and was not before. */
  readonly grantsCompleted: Source<readonly ObjectKey[]>;
  /** Which assignments this process saw each grant have. */
  readonly granted: GrantedHere;
  /** When this process first saw a principal, monotonic ms, by the uid of the grant that asks. */
  readonly firstSeen: Map<string, { readonly principalId: string; readonly at: number }>;
}

export interface Services extends SharedServices {
  readonly dependents: Dependents;
  /** Keys of identities whose dependents may be others now. */
  readonly dependentsChanged: Readonly<Record<IdentityKind, Source<Iterable<ObjectKey>>>>;
}

/** @param holds what the kinds say that they hold */
export function createServices(given: Given, holds: readonly HoldInStore<SharedServices>[]): Services {
  const { stores, caches, clock } = given;
  const systemIdentity: SharedServices['systemIdentity'] = (hostId, context) =>
    systemIdentityNow(hostId, context, { ...given, hostCache: caches.hosts });
  const proofs = new IdentityProofs({ ...given, identityCache: caches.identities });
  const elapsed = new Elapsed(clock);
  const shared: SharedServices = {
    ...given,
    elapsed,
    lateWrites: new LateWrites({ ...given, elapsed }),
    references: new MissingReferences(given),
    identityCache: caches.identities,
    assignmentCache: caches.assignments,
    credentialCache: caches.credentials,
    hostCache: caches.hosts,
    roles: caches.roles,
    proofs,
    identitiesDecided: proofs.decided,
    systemProofs: new SystemProofs({ stores, hostCache: caches.hosts, systemIdentity, clock }),
    systemIdentity,
    apiVersionOf: (type) => apiVersionOf(type, stores),
    identitiesListed: listedOf(caches.identities),
    identitiesCompleted: completedOf(caches.identities),
    grantsListed: grantsListed(caches),
    grantsCompleted: completedOf(caches.assignments),
    firstSeen: new Map(),
    granted: new GrantedHere(),
  };
  const holders = holdersOf(holds, shared);
  return {
    ...shared,
    dependents: {
      referencesTo: (identity, context) => holders.of('UserAssignedIdentity', identity, context),
      doubtsOf: (identity) => holders.doubtsOf('UserAssignedIdentity', identity),
      referencesToSystemIdentity: (identity, context) =>
        holders.of('SystemAssignedIdentity', identity, context),
      leftoversOf: (identity, context) => leftoversOf(identity, context, shared),
    },
    dependentsChanged: {
      UserAssignedIdentity: holders.changed('UserAssignedIdentity'),
      SystemAssignedIdentity: holders.changed('SystemAssignedIdentity'),
    },
  };
}

/** Both the assignments and the roles of an area must be in, else each grant would ask for its role. */
function grantsListed({ assignments, roles }: AzureCaches): Source<readonly ObjectKey[]> {
  return {
    onChange(listener) {
      const subscriptions = new DisposableStack();
      for (const cache of [assignments, roles.cache])
        subscriptions.use(
          cache.onLoaded((users, area) => {
            // Those of other kinds have a mark: see `areasOf`.
            if (assignments.age(area) !== undefined && roles.cache.age(area) !== undefined)
              listener(users.filter((user) => !user.includes(' ')));
          }),
        );
      return subscriptions;
    },
  };
}
