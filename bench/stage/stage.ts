import { writeFile } from 'node:fs/promises';
import { createToken } from '../../src/kube/builtin.ts';
import { temporaryFolder } from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { seedAzure } from '../../src/sandbox/setup/azure-seed.ts';
import type { LoggedRequest } from '../../src/simulator/http/request-log.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { Legacy } from '../../test/support/takeover.ts';
import { Cluster, SUBSCRIPTION } from '../../test/support/testbed.ts';
import { Controller } from './controller.ts';
import { PastClock } from './past.ts';
import { restoreTeams, subscriptionsFor } from './standing.ts';
import { CLUSTER_ISSUER } from './template.ts';

/**
 * What a scenario stands on, all on the real clock: a kube-apiserver of its own, Azure simulated in this process as it is
 * (preset `honest`: recorded latencies, lags, and Azure's buckets of tenant, subscription and managed-identity provider), and
 * the controller as a process of its own.
 */
export class Stage implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly azure: Simulator;
  readonly subscriptions: readonly string[];
  readonly #clock: PastClock;
  readonly #file: (name: string) => string;
  readonly #flags: Readonly<Record<string, string>>;
  readonly #cleanup: AsyncDisposableStack;
  /** For the log of the scenario. */
  readonly say: (line: string) => void;
  #started = 0;
  #begun = false;

  private constructor(parts: {
    readonly cluster: Cluster;
    readonly azure: Simulator;
    readonly clock: PastClock;
    readonly subscriptions: readonly string[];
    readonly file: (name: string) => string;
    readonly flags: Readonly<Record<string, string>>;
    readonly cleanup: AsyncDisposableStack;
    readonly say: (line: string) => void;
  }) {
    this.cluster = parts.cluster;
    this.azure = parts.azure;
    this.#clock = parts.clock;
    this.subscriptions = parts.subscriptions;
    this.#file = parts.file;
    this.#flags = parts.flags;
    this.#cleanup = parts.cleanup;
    this.say = parts.say;
  }

  static async open(given: {
    readonly template: Legacy;
    readonly objects: number;
    readonly say: (line: string) => void;
  }): Promise<Stage> {
    await using cleanup = new AsyncDisposableStack();
    const folder = cleanup.use(await temporaryFolder());
    const cluster = await Cluster.start({ own: true });
    cleanup.defer(() => cluster.stop());
    const clock = new PastClock();
    const azure = cleanup.use(
      await startSimulator({
        clock,
        preset: 'fast',
        subscriptionId: SUBSCRIPTION,
        tenantId: given.template.azure.tenantId,
      }),
    );
    const keys = async () => {
      const request = { method: 'GET', path: '/openid/v1/jwks', accept: 'application/jwk-set+json' } as const;
      return cluster.client.transport.request<{ keys: [] }>(request, never);
    };
    const own = await seedAzure(azure, { issuer: cluster.plane.issuer, keys });
    const subscriptions = subscriptionsFor(given.objects);
    for (const id of subscriptions.slice(1)) {
      azure.control.createSubscription({ id });
      azure.control.grant({ principalId: own.principalId, role: 'Owner', scope: `/subscriptions/${id}` });
    }
    azure.control.settle();
    const issued = async (audiences: readonly string[]) => {
      const options = { audiences, expirationSeconds: 4 * 3_600 };
      return (await createToken(cluster.client, 'azid-system', 'azid-controller', options, never)).token;
    };
    await cluster.plane.writeKubeconfig(folder.file('kubeconfig'), { token: await issued([]) });
    await writeFile(folder.file('azure.pem'), azure.caPem);
    await writeFile(folder.file('token'), await issued(['api://AzureADTokenExchange']));
    return new Stage({
      cluster,
      azure,
      clock,
      subscriptions,
      file: folder.file,
      flags: {
        kubeconfig: folder.file('kubeconfig'),
        'arm-endpoint': azure.origin,
        'authority-host': azure.origin,
        'ca-file': folder.file('azure.pem'),
        'tenant-id': azure.tenantId,
        'client-id': own.clientId,
        'federated-token-file': folder.file('token'),
        'cluster-issuer': CLUSTER_ISSUER,
      },
      cleanup: cleanup.move(),
      say: given.say,
    });
  }

  /** So many teams, in order since long ago; before the first start. */
  async restore(template: Legacy, teams: number): Promise<Legacy> {
    const standing = await restoreTeams(template, teams, this);
    this.#begin();
    return standing;
  }

  /** Starts the controller; `flags` beside those that lead it to this Azure and API server. */
  async start(flags: Readonly<Record<string, string>> = {}): Promise<Controller> {
    this.#begin();
    this.#started += 1;
    return this.#cleanup.use(
      await Controller.start({
        folder: this.#file('.'),
        logFile: this.#file(`controller-${this.#started}.log`),
        flags: { ...this.#flags, ...flags },
      }),
    );
  }

  /** What was put there took no time and lies days back; from here on Azure is as it is. */
  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#clock.present();
    this.azure.control.usePreset({ preset: 'honest' });
  }

  get mark(): number {
    return this.azure.requests().length;
  }

  /** azid's calls after the first `since` of the log. */
  calls(since: number): LoggedRequest[] {
    return this.azure.requests(since).filter(({ caller }) => caller === 'controller');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup[Symbol.asyncDispose]();
  }
}

export const never = new AbortController().signal;
export const isWrite = ({ method }: LoggedRequest) => method !== 'GET' && method !== 'HEAD';
export const isThrottled = ({ status }: LoggedRequest) => status === 429;
