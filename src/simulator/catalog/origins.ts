/**
 * Where each answer's form is known from. A client of Azure may lean on what is `traffic`; what is a `guess` has a knob
 * where code could depend on it.
 */
export type Origin = 'traffic' | 'documentation' | 'guess';

interface Known {
  readonly origin: Origin;
  /** What of it is known otherwise. */
  readonly but?: string;
}

const traffic = (but?: string): Known => ({ origin: 'traffic', ...(but !== undefined && { but }) });
const documentation = (but?: string): Known => ({
  origin: 'documentation',
  ...(but !== undefined && { but }),
});
const guess = (but?: string): Known => ({ origin: 'guess', ...(but !== undefined && { but }) });

/** At a group and at a subscription. */
const DEPLOYMENTS: Readonly<Record<string, Known>> = {
  'deployments.createOrUpdate': documentation(
    '`guid` and `uniqueString` are stable but not Azure’s own; one resource after the other; texts of refused parameters are reported, where `fail` shows its message a guess',
  ),
  'deployments.validate': documentation(
    'what only a resource’s own PUT refuses is not found; that missing rights are a 400 is reported',
  ),
  'deployments.whatIf': documentation('what only the service sets is not foretold'),
  'deployments.exportTemplate': documentation(),
  'deployments.delete': documentation(),
  'deployments.checkExistence': documentation(),
  'deploymentOperations.list': documentation(),
  'deployments.get': documentation(),
  'deployments.list': documentation(),
  'deployments.operationStatus': documentation(),
};

const DURING =
  'what GET shows while it runs is inferred (`hosts.identityShows`), what a failure leaves a guess (`hosts.failedWriteLeaves`)';

/** By operation; of resources that carry identities by the last part of the id, where nothing else is said. */
const ORIGINS: Readonly<Record<string, Known>> = {
  'identities.createOrUpdate': traffic(),
  'identities.get': traffic(),
  'identities.update': documentation('that PATCH replaces tags is reported (`identities.patchTags`)'),
  'identities.delete': traffic(),
  'identities.listByResourceGroup': documentation(),
  'identities.listBySubscription': documentation(),
  'identities.listAssociatedResources': documentation('that it lags is inferred'),
  'identities.revokeTokens': guess('the path is of a preview'),
  'systemIdentities.get': documentation(),
  'managedIdentity.operations': documentation(),
  'federatedCredentials.createOrUpdate': traffic(
    'the error of the 21st is a guess (`federation.limitStatus`)',
  ),
  'federatedCredentials.get': documentation(),
  'federatedCredentials.delete': documentation(),
  'federatedCredentials.list': documentation(),
  'roleAssignments.create': traffic('refusals are reported'),
  'roleAssignments.get': traffic(),
  'roleAssignments.delete': traffic('under a scope that is gone reported (`authorization.goneScopeDelete`)'),
  'roleAssignments.list': traffic(
    'what lies below without a filter is unsure (`authorization.unfilteredListsBelow`)',
  ),
  'permissions.list': documentation(),
  'roleDefinitions.list': traffic(),
  'roleDefinitions.get': documentation(),
  'roleDefinitions.createOrUpdate': traffic(),
  'roleDefinitions.delete': documentation(),
  'denyAssignments.list': documentation(),
  'denyAssignments.get': documentation(),
  'locks.createOrUpdate': documentation(),
  'locks.get': documentation(),
  'locks.delete': documentation(),
  'locks.list': documentation(),
  'policyTokens.acquire': documentation(),
  'policyDefinitions.createOrUpdate': documentation('the effects deny, audit and disabled'),
  'policyDefinitions.get': documentation(),
  'policyDefinitions.delete': documentation(),
  'policyDefinitions.list': documentation('six of the built-in ones'),
  'policyDefinitions.getBuiltIn': documentation('six of them'),
  'policyDefinitions.listBuiltIn': documentation('six of them'),
  'policyAssignments.create': documentation(
    'how long it takes until it acts is a guess (`propagation.policyEffectMs`), and that a PATCH is evaluated with what was there',
  ),
  'policyAssignments.get': documentation(),
  'policyAssignments.delete': documentation(),
  'policyAssignments.list': documentation(),
  'resourceGraph.resources': documentation(
    'the operators that are named below; texts of refusals are its own; how far it is behind is a guess (`propagation.resourceGraphLagMs`)',
  ),
  'subscriptions.get': documentation(),
  'subscriptions.list': documentation(),
  'subscriptions.listLocations': documentation(),
  'tenants.list': documentation(),
  'metadata.endpoints': documentation(),
  'providers.get': documentation(),
  'providers.list': documentation(),
  'resourceGroups.createOrUpdate': documentation(),
  'resourceGroups.update': documentation(),
  'resourceGroups.get': documentation(),
  'resourceGroups.checkExistence': documentation(),
  'resourceGroups.delete': traffic(),
  'resourceGroups.list': documentation(),
  'operationResults.get': traffic(),
  'resources.list': documentation('whether it fills `identity` is unsure (`hosts.genericListIdentity`)'),
  'resources.listByResourceGroup': documentation(),
  'tags.get': documentation(),
  'tags.createOrUpdate': documentation(),
  'tags.update': documentation(),
  'tags.delete': documentation(),
  ...DEPLOYMENTS,
  ...Object.fromEntries(
    Object.entries(DEPLOYMENTS).map(([id, known]) => [`${id}AtSubscriptionScope`, known]),
  ),
  'serviceBusNamespaces.createOrUpdate': documentation(
    'at once, where Azure takes a minute; refusals are reported',
  ),
  'serviceBusQueues.createOrUpdate': documentation(
    'texts of refused durations are guesses; another lock, window or count for a queue that is there is not simulated',
  ),
  'systemTopics.createOrUpdate': documentation(
    'refusals of a second topic and another source are reported, others guesses',
  ),
  'systemTopicEventSubscriptions.createOrUpdate': documentation(
    'to queues alone; that the queue and the container must be there is a guess, as are the texts',
  ),
  'blobServices.createOrUpdate': documentation(),
  'blobContainers.createOrUpdate': documentation(),
  'managementPolicies.createOrUpdate': documentation(
    'texts of refusals are guesses; no blob is deleted, since none is kept',
  ),
  'activityLogs.list': documentation('the lag is documented as 3 to 20 min'),
  'hostOperations.get': traffic(),
  'hostOperationResults.get': documentation(),
  'sites.swap': documentation('what a failed swap does is reported'),
  'slots.swap': documentation('what a failed swap does is reported'),
  'sites.getConfiguration': documentation(),
  'slots.getConfiguration': documentation(),
  'sites.listPublishingProfile': documentation(),
  'slots.listPublishingProfile': documentation(),
  'containerApps.listSecrets': documentation(),
  'storageAccounts.checkNameAvailability': documentation(),
  'graph.servicePrincipals.list': documentation(),
  'graph.servicePrincipals.get': documentation(),
  'graph.servicePrincipals.getByAppId': documentation(),
  'graph.users.list': documentation(),
  'graph.groups.list': documentation(),
  'graph.directoryObjects.getByIds': documentation(),
  'graph.deletedItems.get': documentation(
    'that the principals of identities stay there for 30 days is reported (`directory.deletion`)',
  ),
  'graph.deletedItems.list.servicePrincipal': documentation(),
  'graph.deletedItems.list.user': documentation(),
  'graph.deletedItems.list.group': documentation(),
  'graph.signIns.list': documentation('the filter is reported'),
  'graph.signIns.summarized': documentation('that the principal is empty is reported'),
  'virtualMachines.update': traffic(DURING),
  'virtualMachines.createOrUpdate': traffic(DURING),
  'virtualMachineScaleSets.update': traffic(DURING),
  'virtualMachineScaleSets.createOrUpdate': traffic(DURING),
  'managedClusters.createOrUpdate': traffic(DURING),
  'managedClusters.delete': traffic(),
  'managedClusters.get': traffic(),
  'containerGroups.createOrUpdate': traffic(DURING),
  'sites.createOrUpdate': traffic(),
  'slots.createOrUpdate': guess('as its site'),
  'storageAccounts.createOrUpdate': traffic(),
  'storageAccounts.update': traffic(),
  'apiManagement.update': documentation(
    'that it may keep what was removed is reported (`hosts.keepsRemoved`)',
  ),
};

const HOST_VERBS = /\.(get|update|createOrUpdate|delete|list|listByResourceGroup|listBySubscription)$/;

/** Undefined for an operation that was added without its origin. */
export function originOf(operationId: string): Known | undefined {
  return ORIGINS[operationId] ?? (HOST_VERBS.test(operationId) ? documentation() : undefined);
}

/** Those that are said, so that a test finds the ones nothing answers to any more. */
export const saidOrigins = (): readonly string[] => Object.keys(ORIGINS);
