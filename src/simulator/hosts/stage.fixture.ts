import { request as httpsRequest } from 'node:https';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator.ts';

/** The stage of this folder's tests: a fast simulator on a fake clock, hosts and identities, and raw calls over TLS. */

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of all types; tests look at what they name.
  readonly body: any;
}

export interface HostStage extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly simulator: Simulator;
  readonly control: Simulator['control'];
  /** `/subscriptions/…/resourceGroups/rg1`. */
  readonly group: string;
  /** ARM id of a host in `rg1`; the names of a nested type are parted by `/`. */
  id(type: string, name: string): string;
  /** Makes a user-assigned identity in `rg1`; its id. */
  identity(name: string): string;
  /** A call over the wire as someone else, or as a caller named before. `path` without api-version gets a fitting one. */
  call(
    method: string,
    path: string,
    options?: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly caller?: string;
      readonly version?: string;
    },
  ): Promise<Answer>;
}

export const VM = 'Microsoft.Compute/virtualMachines';
export const SCALE_SET = 'Microsoft.Compute/virtualMachineScaleSets';

/** One api-version of each type. */
const VERSIONS: Readonly<Record<string, string>> = {
  'microsoft.compute': '2024-07-01',
  'microsoft.web': '2024-11-01',
  'microsoft.logic': '2019-05-01',
  'microsoft.containerinstance': '2023-05-01',
  'microsoft.app': '2025-07-01',
  'microsoft.containerservice': '2025-05-01',
  'microsoft.storage': '2024-01-01',
  'microsoft.datafactory': '2018-06-01',
  'microsoft.apimanagement': '2024-05-01',
  'microsoft.automation': '2023-11-01',
  'microsoft.managedidentity': '2024-11-30',
  'microsoft.cognitiveservices': '2023-05-01',
};

export async function startHostStage(options: Partial<SimulatorOptions> = {}): Promise<HostStage> {
  const clock = new FakeClock();
  const simulator = await startSimulator({ clock, preset: 'fast', ...options });
  const { control, subscriptionId, origin, caPem } = simulator;
  control.createResourceGroup({ name: 'rg1' });
  const group = `/subscriptions/${subscriptionId}/resourceGroups/rg1`;
  return {
    clock,
    simulator,
    control,
    group,
    id(type, name) {
      const [namespace = '', ...types] = type.split('/');
      const names = name.split('/');
      return `${group}/providers/${namespace}/${types.map((each, i) => `${each}/${names[i]}`).join('/')}`;
    },
    identity: (name) => control.createIdentity({ name, resourceGroup: 'rg1' }).id,
    async call(method, path, { body, headers = {}, caller, version } = {}) {
      const { accessToken } = await control.token(caller === undefined ? {} : { caller });
      const target = path.includes('api-version=')
        ? path.replace(origin, '')
        : `${path}${path.includes('?') ? '&' : '?'}api-version=${version ?? versionOf(path)}`;
      return send(`${origin}${target}`, caPem, method, body, {
        authorization: `Bearer ${accessToken}`,
        ...headers,
      });
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

function versionOf(path: string): string {
  const namespace = /.*\/providers\/([^/?]+)/i.exec(path)?.[1]?.toLowerCase() ?? '';
  return VERSIONS[namespace] ?? '2021-04-01';
}

function send(
  url: string,
  ca: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const request = httpsRequest(url, { method, ca, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const received = Buffer.concat(chunks).toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Readonly<Record<string, string | undefined>>,
          body: received === '' ? undefined : JSON.parse(received),
        });
      });
    });
    request.on('error', reject);
    request.end(text);
  });
}
