/** The simulated Azure as an administrator prepares a real one for azid (docs: README, "Run against Azure"). */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Simulator } from '../../simulator/simulator.ts';
import type { Cluster } from '../cluster.ts';
import {
  EVENTS_NAMESPACE,
  EVENTS_QUEUE,
  EXAMPLES_RESOURCE_GROUP,
  HOSTS_RESOURCE_GROUP,
  OWN_IDENTITY,
  OWN_RESOURCE_GROUP,
  SUBJECT,
  TOKEN_EXCHANGE_AUDIENCE,
} from '../names.ts';
import { AZURE_ROLES, filesOf } from '../project.ts';

/** The form of `az role definition create --role-definition`. */
const roleFile = z.looseObject({
  Name: z.string(),
  Actions: z.array(z.string()),
  NotActions: z.array(z.string()).default([]),
  DataActions: z.array(z.string()).default([]),
  NotDataActions: z.array(z.string()).default([]),
});

/** The resources of another team that examples/vm, examples/fleet and examples/web-app name or select. */
const HOSTS = [
  { name: 'vm-orders' },
  ...[1, 2, 3].map((number) => ({ name: `vm-worker-${number}`, tags: { role: 'worker' } })),
  { type: 'Microsoft.Web/sites', kind: 'app', name: 'shop-web' },
  { type: 'Microsoft.Web/sites/slots', kind: 'app', name: 'shop-web/staging' },
];

const CREDENTIAL_API_VERSION = '2024-11-30';

/** Where events arrive. */
export interface EventQueue {
  /** Host name of the namespace. */
  readonly namespace: string;
  readonly queue: string;
}

export interface OwnIdentity {
  readonly clientId: string;
  readonly principalId: string;
}

/**
 * Resource groups, resources that examples attach to, azid's own identity with the roles of deploy/azure and no others, and the federated credential that
 * lets the controller's ServiceAccount become it. All of it counts as long done: no lag or window is left.
 */
export async function seedAzure(
  simulator: Simulator,
  { issuer, keys }: Pick<Cluster, 'issuer' | 'keys'>,
): Promise<OwnIdentity> {
  const { control, subscriptionId } = simulator;
  const scope = `/subscriptions/${subscriptionId}`;
  for (const name of [EXAMPLES_RESOURCE_GROUP, HOSTS_RESOURCE_GROUP, OWN_RESOURCE_GROUP])
    control.createResourceGroup({ name });
  for (const host of HOSTS) control.createHost({ resourceGroup: HOSTS_RESOURCE_GROUP, ...host });
  const own = control.createIdentity({ name: OWN_IDENTITY, resourceGroup: OWN_RESOURCE_GROUP });
  control.nameCaller({ objectId: own.principalId, name: 'controller' });
  // AuditLog.Read.All and Directory.Read.All, for the sign-ins and for what sweeps ask.
  control.allowGraph({ principalId: own.principalId });
  for (const role of await readRoles()) {
    const { id } = control.defineRole({ ...role, assignableScopes: [scope] });
    control.grant({ principalId: own.principalId, role: id, scope });
  }
  simulator.declareIssuer(issuer, keys);
  const { status, body } = await control.arm({
    method: 'PUT',
    path: `${own.id}/federatedIdentityCredentials/cluster?api-version=${CREDENTIAL_API_VERSION}`,
    body: { properties: { issuer, subject: SUBJECT, audiences: [TOKEN_EXCHANGE_AUDIENCE] } },
  });
  if (status !== 201)
    throw new Error(
      `expected the simulated Azure to take azid's own credential with 201, got ${status} ${JSON.stringify(body)}`,
    );
  control.settle();
  return own;
}

/**
 * A queue that the events of the whole subscription come to, and azid's right to receive from it: what an administrator does by
 * docs/guides/events.md.
 */
export function seedEvents(
  { control }: Simulator,
  { principalId }: Pick<OwnIdentity, 'principalId'>,
): EventQueue {
  const resourceGroup = OWN_RESOURCE_GROUP;
  const { host } = control.createServiceBusNamespace({ name: EVENTS_NAMESPACE, resourceGroup });
  const { id } = control.createQueue({
    namespace: EVENTS_NAMESPACE,
    name: EVENTS_QUEUE,
    duplicateDetection: true,
    duplicateWindowMs: 3_600_000,
  });
  control.grant({ principalId, role: 'Azure Service Bus Data Receiver', scope: id });
  const topic = control.createSystemTopic({ name: 'azid', resourceGroup }).id;
  control.createEventSubscription({ topic, name: 'azid', queue: id, schema: 'CloudEventSchemaV1_0' });
  control.settle();
  return { namespace: host, queue: EVENTS_QUEUE };
}

async function readRoles() {
  const files = await filesOf(AZURE_ROLES, '.json');
  return Promise.all(
    files.map(async (file) => {
      const parsed = roleFile.safeParse(JSON.parse(await readFile(file, 'utf8')));
      if (!parsed.success)
        throw new Error(
          `expected ${file} to be a role definition for az role definition create: ${z.prettifyError(parsed.error)}`,
        );
      const { Name, Actions, NotActions, DataActions, NotDataActions } = parsed.data;
      return {
        roleName: Name,
        actions: Actions,
        notActions: NotActions,
        dataActions: DataActions,
        notDataActions: NotDataActions,
      };
    }),
  );
}
