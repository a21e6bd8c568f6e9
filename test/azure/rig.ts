import type { TokenCredential } from '@azure/identity';
import { ArmAccess, type ArmAccessOptions } from '../../src/azure/arm/arm-access.ts';
import { CLOUDS, type Cloud } from '../../src/azure/arm/clouds.ts';
import { AssociatedResources } from '../../src/azure/associated-resources.ts';
import { FederatedCredentials } from '../../src/azure/federated-credentials.ts';
import { Identities } from '../../src/azure/identities.ts';
import { AZURE_LIMITS, type Limits } from '../../src/azure/limits.ts';
import { identityId } from '../../src/azure/names/resource-id.ts';
import { Permissions } from '../../src/azure/permissions.ts';
import { RequestScheduler } from '../../src/azure/requests/request-scheduler.ts';
import { ResourceGraph } from '../../src/azure/resource-graph.ts';
import { RoleAssignments } from '../../src/azure/role-assignments.ts';
import { RoleDefinitions } from '../../src/azure/role-definitions.ts';
import type { Clock } from '../../src/runtime/time/clock.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import type { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';

export interface RigOptions
  extends Partial<Pick<ArmAccessOptions, 'intercept' | 'beforeWrite' | 'metrics' | 'timeLimitMs'>> {
  readonly clock?: Clock;
  readonly preset?: 'fast' | 'honest';
  /** Default: azid's own, without the provider's, so that nobody waits. */
  readonly limits?: Limits;
  /** Of azid's own principal at the subscription; undefined = none. */
  readonly role?: string | undefined;
  /** Where that role is given; default the subscription. */
  readonly roleScope?: string;
}

/** azid's own access to a simulated Azure of its own: real SDK, real TLS, a real token. */
export async function startRig(options: RigOptions = {}) {
  const clock = options.clock ?? systemClock;
  const azure = await startSimulator({ clock, preset: options.preset ?? 'fast' });
  await azure.control.createResourceGroup({ name: 'rg1' });
  const principal = await azure.control.createPrincipal({ displayName: 'azid' });
  const { objectId } = principal;
  await azure.control.nameCaller({ objectId, name: 'controller' });
  const role = 'role' in options ? options.role : 'Managed Identity Contributor';
  if (role)
    await azure.control.grant({
      principalId: objectId,
      role,
      scope: options.roleScope ?? `/subscriptions/${azure.subscriptionId}`,
    });
  const cloud: Cloud = {
    ...CLOUDS.Public,
    armEndpoint: azure.origin,
    authorityHost: azure.origin,
    instanceDiscovery: false,
    caPem: azure.caPem,
  };
  const credential = tokensOf(azure, objectId);
  const access = new ArmAccess({ clock, cloud, credential, version: 'test', ...options });
  const scheduler = new RequestScheduler({
    clock,
    limits: options.limits ?? { ...AZURE_LIMITS, providers: {} },
  });
  const common = { access, scheduler, clock, tenantId: azure.tenantId, credential: 'azid' };
  const { subscriptionId } = azure;
  return {
    azure,
    cloud,
    objectId,
    access,
    scheduler,
    identities: new Identities(common),
    roleAssignments: new RoleAssignments(common),
    roleDefinitions: new RoleDefinitions(common),
    credentials: new FederatedCredentials(common),
    permissions: new Permissions(common),
    associated: new AssociatedResources(common),
    resourceGraph: new ResourceGraph(common),
    id: (name: string, resourceGroup = 'rg1') => identityId({ subscriptionId, resourceGroup, name }),
    at: (name: string, resourceGroup = 'rg1') => ({ subscriptionId, resourceGroup, name }),
    calls: (method?: string) =>
      azure.requests().filter((each) => each.caller === 'controller' && (!method || each.method === method)),
    [Symbol.asyncDispose]: () => azure.stop(),
  };
}

export type Rig = Awaited<ReturnType<typeof startRig>>;

function tokensOf(azure: Simulator, objectId: string): TokenCredential {
  return {
    async getToken() {
      const { accessToken } = await azure.control.token({ objectId });
      return { token: accessToken, expiresOnTimestamp: systemClock.now() + 3600_000 };
    },
  };
}

/** Time limit of calls that no test comes to. */
export const NO_LIMIT_MS = 1e9;

/** Lets a fake clock go on to what is waited for, until the work is done. Calls that are under way have `NO_LIMIT_MS`, and take no time. */
export async function passing<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  done.catch(() => {});
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    const next = clock.untilNext();
    if (!over && next !== undefined && next < NO_LIMIT_MS / 2) clock.advance(next);
  }
  return done;
}
