/** Who azid is in the sandbox, in the cluster (deploy/kustomize/base/namespace.yaml, deploy/kustomize/base/rbac.yaml) and in the simulated Azure. */

export const NAMESPACE = 'azid-system';
export const SERVICE_ACCOUNT = 'azid-controller';
/** The Lease of `--lease-name`'s default. */
export const LEASE = 'azid-controller';
/** Of ServiceAccount tokens that Entra exchanges (docs/azure-facts.md section 4). */
export const TOKEN_EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

/** Fixed, since examples and roles name it. */
export const SUBSCRIPTION_ID = '11111111-2222-4333-8444-555555555555';
export const TENANT_ID = '99999999-8888-4777-8666-555555555555';
/** Of azid's own identity; examples may not write into it. */
export const OWN_RESOURCE_GROUP = 'azid-system';
export const OWN_IDENTITY = 'azid-controller';
/** The one that examples/quickstart uses. */
export const EXAMPLES_RESOURCE_GROUP = 'quickstart';
/** Where the resources are to which the other examples attach identities. */
export const HOSTS_RESOURCE_GROUP = 'shop-apps';

/** The Service Bus queue that the simulated Azure brings its events to. */
export const EVENTS_NAMESPACE = 'azid-events';
export const EVENTS_QUEUE = 'azid';
/** The EventSource that names it. */
export const EVENT_SOURCE = 'sandbox';

/** The `sub` of the controller's ServiceAccount tokens. */
export const SUBJECT = `system:serviceaccount:${NAMESPACE}:${SERVICE_ACCOUNT}`;
