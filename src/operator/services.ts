/** What the kinds share, by the options: of the controller, and of a command that reads the same once. */
import { AzureCaches } from '../cache/caches.ts';
import { RoleNames } from '../cache/roles/names.ts';
import { ClusterIssuer } from '../kube/access/cluster-issuer.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import { apiVersionOf } from '../reconcilers/hosts/api-version.ts';
import { createServices, type Services } from '../reconcilers/services.ts';
import { type Stores, storeOf } from '../reconcilers/stores.ts';
import type { ConnectedAzure } from './azure/azure.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from './options.ts';

/** @param signal ends lists and reads */
export function cachesOf(
  options: OperatorOptions,
  azure: ConnectedAzure,
  stores: Stores,
  signal: AbortSignal,
): AzureCaches {
  const { clock, random, log, azureLagMs, resyncIntervalMs, credentialRoundMs } = options;
  return new AzureCaches({
    azure,
    clock,
    random,
    signal,
    lagMs: azureLagMs,
    resync: { everyMs: resyncIntervalMs },
    roundMs: credentialRoundMs,
    apiVersionOf: (type) => apiVersionOf(type, stores),
    onListFailure: (cache, area, error) => log.warn({ cache, area, error }, 'list of Azure failed'),
  });
}

type Given = Parameters<typeof createServices>[0];

export interface ServiceParts
  extends Pick<Given, 'caches' | 'hints' | 'eventSources' | 'stores' | 'client' | 'installationId'>,
    Pick<Given, 'principals' | 'retained' | 'signIns' | 'onOrphanDeleted' | 'isAnothers'> {
  readonly options: OperatorOptions;
  readonly kinds: readonly KindDefinition[];
  readonly azure: ConnectedAzure;
  /** Ends reads that belong to no reconcile. */
  readonly signal: AbortSignal;
}

export function servicesOf({ options, kinds, azure, signal, ...given }: ServiceParts): Services {
  const { clock, cloud, namespace, azureLagMs, releaseAfterMs, clusterIssuer } = options;
  const { caches, client, stores } = given;
  return createServices(
    {
      ...azure,
      ...given,
      roleNames: new RoleNames(azure.definitions, caches.roles, clock, signal),
      clusterIssuer: new ClusterIssuer({ client, clock, given: clusterIssuer }),
      clock,
      azidNamespace: namespace,
      cloud,
      federationAudience: cloud.federationAudience,
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    },
    kinds.flatMap((kind) => (kind.holds ?? []).map((hold) => ({ hold, store: storeOf(kind, stores) }))),
  );
}
