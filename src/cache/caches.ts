/** The five caches of one azid, over the same Azure, with the same clock, lag and end. */
import type { FederatedCredentials } from '../azure/federated-credentials.ts';
import type { Hosts } from '../azure/hosts/hosts.ts';
import type { Identities } from '../azure/identities.ts';
import type { Permissions } from '../azure/permissions.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import type { RoleDefinitions } from '../azure/role-definitions.ts';
import { type AssignmentCache, assignmentDefinition } from './assignments.ts';
import { AzureCache } from './azure-cache.ts';
import { type CredentialCache, credentialDefinition } from './credentials.ts';
import type { CacheOptions, CachePart } from './definition.ts';
import { type HostCache, hostDefinition } from './hosts/hosts.ts';
import { type IdentityCache, identityDefinition } from './identities.ts';
import { SubscriptionsInUse } from './lists/areas-in-use.ts';
import { RoleCatalog } from './roles/catalog.ts';

interface AzureCachesOptions extends Omit<CacheOptions, 'inUse' | 'onListFailure'> {
  readonly azure: {
    readonly identities: Identities;
    readonly assignments: RoleAssignments;
    readonly definitions: RoleDefinitions;
    readonly credentials: FederatedCredentials;
    readonly hosts: Hosts;
    readonly permissions: Permissions;
  };
  /** API version of a resource type that azid does not know, as objects give it. */
  readonly apiVersionOf: (type: string) => string | undefined;
  /** A list failed; it is tried again. For the log. */
  readonly onListFailure: (cache: CachePart['cache'], area: string, error: unknown) => void;
}

export class AzureCaches {
  readonly identities: IdentityCache;
  readonly assignments: AssignmentCache;
  readonly roles: RoleCatalog;
  readonly credentials: CredentialCache;
  readonly hosts: HostCache;
  /** Those of which any of the caches lists something. */
  readonly subscriptions: SubscriptionsInUse;

  constructor({ azure, apiVersionOf, onListFailure, ...options }: AzureCachesOptions) {
    const { clock, signal } = options;
    const of = (cache: CachePart['cache']): CacheOptions => ({
      ...options,
      onListFailure: (area, error) => onListFailure(cache, area, error),
    });
    this.identities = new AzureCache(identityDefinition(azure), of('identities'));
    this.assignments = new AzureCache(assignmentDefinition(azure), of('assignments'));
    // Where there are grants, both assignments and the roles they may name are listed.
    const { inUse } = this.assignments;
    this.roles = new RoleCatalog({ ...of('roles'), inUse, definitions: azure.definitions });
    this.credentials = new AzureCache(credentialDefinition(azure), of('credentials'));
    this.hosts = new AzureCache(
      hostDefinition({ hosts: azure.hosts, permissions: azure.permissions, clock, signal, apiVersionOf }),
      of('hosts'),
    );
    this.subscriptions = new SubscriptionsInUse(
      [this.identities, this.assignments, this.credentials, this.hosts].map((cache) => ({
        inUse: cache.inUse,
        subscriptionOf: (area) => cache.subscriptionOf(area),
      })),
    );
  }

  /** How the lists of all of them stand. */
  parts(): readonly CachePart[] {
    return this.#all.flatMap((cache) => cache.parts());
  }

  /** Ends lists and reads and waits for what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#all.map((cache) => cache.stop()));
  }

  get #all(): readonly Pick<IdentityCache, 'parts' | 'stop'>[] {
    return [this.identities, this.assignments, this.roles.cache, this.credentials, this.hosts];
  }
}
