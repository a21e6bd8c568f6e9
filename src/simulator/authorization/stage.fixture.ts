import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { clientOptions, tokenCredential } from '../sdk.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import { builtInRoleId } from './definitions/definitions.ts';

/** The stage of this folder's tests: a fast simulator on a fake clock, and the unchanged SDK as several callers. */

export interface Stage extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly simulator: Simulator;
  /** As someone else, who is Owner of everything. */
  readonly client: AuthorizationManagementClient;
  readonly subscription: string;
  /** Group `rg1` of the subscription. */
  readonly group: string;
  /** A service principal all services know. */
  readonly principalId: string;
  /** Makes a principal that may call, with a role at a scope, and gives its client. */
  caller(name: string, ...grants: { role: string; scope: string; condition?: string }[]): Promise<Caller>;
  /** Full id of a built-in role at the subscription. */
  role(name: string): string;
}

export interface Caller {
  readonly objectId: string;
  readonly client: AuthorizationManagementClient;
  /** The same caller with a token issued now. */
  renewed(): Promise<AuthorizationManagementClient>;
}

export async function startStage(): Promise<Stage> {
  const clock = new FakeClock();
  const simulator = await startSimulator({ clock, preset: 'fast' });
  const { control, subscriptionId } = simulator;
  control.createResourceGroup({ name: 'rg1' });
  const connect = async (caller?: string) =>
    new AuthorizationManagementClient(
      await tokenCredential(simulator, caller),
      subscriptionId,
      clientOptions(simulator),
    );
  const subscription = `/subscriptions/${subscriptionId}`;
  return {
    clock,
    simulator,
    client: await connect(),
    subscription,
    group: `${subscription}/resourceGroups/rg1`,
    principalId: control.createPrincipal({ displayName: 'app' }).objectId,
    async caller(name, ...grants) {
      const { objectId } = control.createPrincipal({ displayName: name });
      control.nameCaller({ objectId, name });
      for (const grant of grants) control.grant({ principalId: objectId, ...grant });
      return { objectId, client: await connect(name), renewed: () => connect(name) };
    },
    role: (name) =>
      `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${builtInRoleId(name)}`,
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

/** An `onResponse` that keeps what really came: the SDK drops nulls and unknown fields. */
export function recorder() {
  const seen: { status: number; body: unknown }[] = [];
  return {
    seen,
    onResponse: (raw: { status: number; bodyAsText?: string | null }) =>
      void seen.push({ status: raw.status, body: raw.bodyAsText ? JSON.parse(raw.bodyAsText) : undefined }),
  };
}

/** `11111111-1111-4111-8111-00000000000n`. */
export const guid = (n: number): string => `11111111-1111-4111-8111-${String(n).padStart(12, '0')}`;
