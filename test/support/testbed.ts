import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { GROUP } from '../../src/api/schema/kind.ts';
import { resolveCloud } from '../../src/azure/arm/clouds.ts';
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import type { KubeEndpoint } from '../../src/kube/access/endpoint.ts';
import {
  configMaps,
  createToken,
  customResourceDefinitions,
  events,
  namespaces,
  serviceAccounts,
} from '../../src/kube/builtin.ts';
import { type Applied, KubeClient } from '../../src/kube/client.ts';
import { isNotFound, isTransient } from '../../src/kube/errors.ts';
import { LEASE_TIMES, type LeaseTimes } from '../../src/kube/lease/lease-record.ts';
import { SharedAgent } from '../../src/kube/transport/agent.ts';
import type { Interceptor, KubeRequest } from '../../src/kube/transport/request.ts';
import { KubeTransport } from '../../src/kube/transport/transport.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { Operator, type RunEnd } from '../../src/operator/operator.ts';
import type { OperatorOptions } from '../../src/operator/options.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../../src/sandbox/apiserver/control-plane.ts';
import { CRDS, KUSTOMIZE_BASE } from '../../src/sandbox/project.ts';
import type { Preset } from '../../src/simulator/knobs/knobs.ts';
import { tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { endWithFile, hasEnded } from './end-of-file.ts';
import { Pace } from './pace.ts';
import { borrowPlane, LENDER } from './planes/borrow.ts';
import { removeKeys, storedKeys } from './planes/etcd.ts';
import { PolledReads, whilePolling } from './polled-reads.ts';

/**
 * The real thing on a fake clock: a kube-apiserver of its own, a simulated Azure, and operators in this process that
 * can be killed at any write.
 */

export const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
/**
 * For tests that let hours pass beside a Lease and are not about it: as few renewals as its deadline allows. Every two seconds, as by default,
 * they were two thirds of what the API server had to do for two shards. A longer Lease would slow down what is handed over by renewals.
 */
export const CALM_LEASE: LeaseTimes = { ...LEASE_TIMES, retryMs: 7_000 };
/** Of deploy/azure. */
const AZURE_ROLES = ['identities', 'grants', 'hosts', 'orphans'].map((name) => `azid-${name}-role.json`);
/** Where the API server stores azid's kinds in etcd. */
const AZID_KEYS = `/registry/${GROUP}/`;
export const RESOURCES: readonly Resource[] = [
  ...KINDS.map(({ resource }) => resource),
  configMaps,
  namespaces,
  events,
  serviceAccounts,
  customResourceDefinitions,
  cluster('rbac.authorization.k8s.io', 'ClusterRole', 'clusterroles'),
  cluster('rbac.authorization.k8s.io', 'ClusterRoleBinding', 'clusterrolebindings'),
  { ...cluster('rbac.authorization.k8s.io', 'Role', 'roles'), namespaced: true },
  { ...cluster('rbac.authorization.k8s.io', 'RoleBinding', 'rolebindings'), namespaced: true },
  { ...cluster('apps', 'Deployment', 'deployments'), namespaced: true },
  { ...cluster('', 'Service', 'services'), namespaced: true },
  { ...cluster('policy', 'PodDisruptionBudget', 'poddisruptionbudgets'), namespaced: true },
  { ...cluster('networking.k8s.io', 'NetworkPolicy', 'networkpolicies'), namespaced: true },
];

/** `/apis/azid.dev/v1alpha1/namespaces/team/rolegrants/read/status` tells of `rolegrants`. */
function pluralOf(path: string): string {
  const [, plural = path] =
    /^\/apis?\/(?:[^/]+\/)?v1[a-z0-9]*\/(?:namespaces\/[^/]+\/(?!status|finalize))?([^/]+)/.exec(path) ?? [];
  return plural;
}

const nameOf = ({ group, version, plural }: Resource) => `${group}/${version}/${plural}`;

function cluster(group: string, kind: string, plural: string): Resource {
  return { group, version: 'v1', kind, plural, namespaced: false };
}

export interface ClusterOptions extends ControlPlaneOptions {
  /** An API server that no other file uses before or after: for files that stop it, or edit what is installed. */
  readonly own?: boolean;
  /** Another way to install azid, on an API server of its own. */
  readonly install?: (plane: ControlPlane) => Promise<void>;
}

/** The files that `kubectl apply -k deploy/kustomize/base` reads, in the order in which its Kustomization names them. */
async function installedFiles(): Promise<string[]> {
  const read = async (name: string) =>
    parse(await readFile(name, 'utf8')) as { resources: readonly string[] };
  const { resources } = await read(join(KUSTOMIZE_BASE, 'kustomization.yaml'));
  const crds = (await read(join(CRDS, 'Kustomization'))).resources.map((file) => join(CRDS, file));
  return resources.flatMap((name) => (name.endsWith('.yaml') ? [join(KUSTOMIZE_BASE, name)] : crds));
}

/** A kube-apiserver with azid's CRDs and roles installed; one per test file. */
export class Cluster {
  readonly plane: ControlPlane;
  /** For all who work on this API server: each operator would otherwise begin with fifteen TLS handshakes, a third of its start. */
  readonly agent = new SharedAgent();
  /** As the administrator. */
  readonly client: KubeClient;
  /** By plural: writes that ended, and writes under way. While neither moves, what was listed stays true. */
  readonly writes = new Map<string, { ended: number; under: number }>();
  readonly #polledReads = new PolledReads((plural) => this.writes.get(plural));
  readonly #signal = new AbortController().signal;

  private constructor(plane: ControlPlane) {
    this.plane = plane;
    const endpoint = loadKubeEndpoint({ clock: systemClock, kubeconfig: plane.kubeconfigPath });
    this.client = new KubeClient(
      new KubeTransport({
        endpoint,
        clock: systemClock,
        userAgent: 'azid-test',
        agent: this.agent,
        intercept: (request, next) => this.counted(request, () => next(request)),
      }),
    );
  }

  /** Lent and left clean by the file before, unless the file wants an API server of its own, or another one. */
  static async start({ own = false, install, ...options }: ClusterOptions = {}): Promise<Cluster> {
    const shared = !own && install === undefined && Object.keys(options).length === 0;
    const lender = shared ? process.env[LENDER] : undefined;
    const plane =
      lender === undefined
        ? await startControlPlane({ log: () => {}, admin: 'token', ...options })
        : await borrowPlane(lender);
    const cluster = new Cluster(plane);
    endWithFile(cluster, () => cluster.stop());
    if (lender === undefined) await Cluster.install(plane, install);
    return cluster;
  }

  /**
   * The way of a controller to the API server: the administrator's, whose rights are not looked up, which saves time; with
   * `AZID_TEST_RIGHTS=deployed` that of its ServiceAccount, by a token.
   */
  async controllerEndpoint(): Promise<KubeEndpoint> {
    if (process.env.AZID_TEST_RIGHTS === 'deployed') return this.deployedEndpoint();
    return loadKubeEndpoint({ clock: systemClock, kubeconfig: this.plane.kubeconfigPath });
  }

  /** The way of a controller with the rights of its ServiceAccount, by a token. */
  async deployedEndpoint(): Promise<KubeEndpoint> {
    const { dataDir } = this.plane;
    const options = { audiences: [] };
    const { token } = await createToken(this.client, 'azid-system', 'azid-controller', options, this.#signal);
    const kubeconfig = join(dataDir, 'controller.kubeconfig');
    await this.plane.writeKubeconfig(kubeconfig, { token });
    return loadKubeEndpoint({ clock: systemClock, kubeconfig });
  }

  /** Kinds and roles of azid, as `kubectl apply` would; returns when all kinds are served. */
  static async install(plane: ControlPlane, install?: ClusterOptions['install']): Promise<void> {
    const cluster = new Cluster(plane);
    if (install) await install(plane);
    else for (const file of await installedFiles()) await cluster.applyYaml(await readFile(file, 'utf8'));
    for (const { resource } of KINDS) {
      await until(`${resource.plural} to be served`, async () => {
        const name = `${resource.plural}.${resource.group}`;
        const crd = await cluster.client.get(customResourceDefinitions, name, cluster.#signal);
        const conditions = crd.status?.conditions ?? [];
        if (!conditions.some((each) => each.type === 'Established' && each.status === 'True')) return false;
        // For a moment after that the API server still answers 429, "storage is (re)initializing".
        return cluster.list(resource).then(
          () => true,
          (error) => (isTransient(error) ? false : Promise.reject(error)),
        );
      });
    }
    await cluster.disconnect();
  }

  /** Around each call of whoever works on this API server. */
  async counted<T>({ method, path }: KubeRequest, call: () => Promise<T>): Promise<T> {
    if (method === 'GET') return call();
    const plural = pluralOf(path);
    const count = this.writes.get(plural) ?? { ended: 0, under: 0 };
    this.writes.set(plural, count);
    count.under++;
    try {
      return await call();
    } finally {
      count.under--;
      count.ended++;
    }
  }

  async applyYaml(text: string): Promise<void> {
    for (const document of parseAllDocuments(text)) await this.apply(document.toJS() as Applied);
  }

  /** Server-side apply, as `kubectl apply --server-side` by a user. */
  apply<T extends KubeObject>(object: Applied): Promise<T> {
    const resource = RESOURCES.find(({ kind }) => kind === object.kind);
    if (!resource) throw new Error(`the testbed does not know kind ${object.kind}`);
    return this.client.apply(
      resource as Resource<T>,
      object,
      { fieldManager: 'user', force: true },
      this.#signal,
    );
  }

  get<T extends KubeObject>(resource: Resource<T>, key: string): Promise<T | undefined> {
    return this.#polledReads.read(resource.plural, `${nameOf(resource)} ${key}`, async () => {
      try {
        return await this.client.get(resource, key, this.#signal);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    });
  }

  list<T extends KubeObject>(resource: Resource<T>): Promise<readonly T[]> {
    return this.#polledReads.read(
      resource.plural,
      nameOf(resource),
      async () => (await this.client.list(resource, {}, this.#signal)).items,
    );
  }

  async delete(resource: Resource, key: string): Promise<void> {
    await this.client.delete(resource, key, {}, this.#signal).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    key: string,
    body: object,
    subresource?: string,
  ): Promise<T> {
    return this.client.mergePatch(resource, key, body, this.#signal, subresource ? { subresource } : {});
  }

  /**
   * Leaves no object of azid behind, nor ConfigMaps and Events of these namespaces, nor the namespaces. Below the API server, whatever
   * finalizers there are, since no controller runs any more: to list each kind and to delete object by object took a tenth of its time.
   */
  clean(...namespaces: readonly string[]): Promise<void> {
    const theirs = namespaces.flatMap((name) => [
      `/registry/configmaps/${name}/`,
      `/registry/events/${name}/`,
      `/registry/namespaces/${name}`,
    ]);
    return removeKeys(this.plane.dataDir, [AZID_KEYS, ...theirs]);
  }

  /** etcd's versions of all objects of azid's kinds, by plural and key: what a list of each kind would show. */
  async versions(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const byPlural = new Map<string, Map<string, string>>();
    for (const [path, revision] of await storedKeys(this.plane.dataDir, AZID_KEYS)) {
      const [plural = '', ...key] = path.slice(AZID_KEYS.length).split('/');
      const versions = byPlural.get(plural) ?? new Map<string, string>();
      byPlural.set(plural, versions.set(key.join('/'), String(revision)));
    }
    return byPlural;
  }

  async stop(): Promise<void> {
    hasEnded(this);
    await this.disconnect();
    await this.plane.stop();
  }

  private async disconnect(): Promise<void> {
    await this.client.transport.close();
    await this.agent.close();
  }
}

export interface WorldOptions {
  readonly preset?: Preset;
  readonly azureLagMs?: number;
  /** Wall ms at which the world starts; default now. */
  readonly now?: number;
  readonly tenantId?: string;
  /** azid's own identity as it was in another world. */
  readonly own?: Parameters<Simulator['control']['createIdentity']>[0];
  readonly operator?: Partial<OperatorOptions>;
  /** How time moves; by default as tests like it, which is no measure of anything. */
  readonly pace?: (clock: FakeClock) => Pace;
}

const FOREVER_MS = 365 * 86_400_000;

/** One simulated Azure and the operators that work on it, all on one fake clock. */
export class World {
  readonly cluster: Cluster;
  readonly clock: FakeClock;
  readonly pace: Pace;
  readonly azure: Simulator;
  readonly #options: WorldOptions;
  /** Object id of azid's own principal, and the role it holds. */
  readonly #self: string;
  readonly #roleIds: readonly string[];
  /** A test whose time was over may still wait, and go on with what comes next. */
  #isOver = false;
  readonly #running = new Map<Operator, { readonly stop: AbortController; readonly end: Promise<RunEnd> }>();

  private constructor(
    cluster: Cluster,
    clock: FakeClock,
    azure: Simulator,
    pace: Pace,
    options: WorldOptions,
    { principalId, roleIds }: { readonly principalId: string; readonly roleIds: readonly string[] },
  ) {
    this.#self = principalId;
    this.#roleIds = roleIds;
    this.cluster = cluster;
    this.clock = clock;
    this.pace = pace;
    this.azure = azure;
    this.#options = options;
    endWithFile(this, () => this.dispose());
  }

  /** A subscription with groups `rg1` and `rg2`, and azid's own identity with the rights of deploy/azure. */
  static async create(cluster: Cluster, options: WorldOptions = {}): Promise<World> {
    const clock = new FakeClock(options.now ?? Date.now());
    const pace = options.pace?.(clock) ?? new Pace(clock);
    const azure = await startSimulator({
      clock: pace.azureClock,
      preset: options.preset ?? 'fast',
      subscriptionId: SUBSCRIPTION,
      ...(options.tenantId !== undefined && { tenantId: options.tenantId }),
    });
    const { control } = azure;
    for (const name of ['rg1', 'rg2', 'azid-system']) control.createResourceGroup({ name });
    const own = control.createIdentity({
      ...options.own,
      name: 'azid-controller',
      resourceGroup: 'azid-system',
    });
    control.nameCaller({ objectId: own.principalId, name: 'controller' });
    const scope = `/subscriptions/${SUBSCRIPTION}`;
    const roleIds: string[] = [];
    for (const file of AZURE_ROLES) {
      const role = JSON.parse(await readFile(new URL(`../../deploy/azure/${file}`, import.meta.url), 'utf8'));
      const { id } = control.defineRole({ roleName: role.Name, actions: role.Actions });
      control.grant({ principalId: own.principalId, role: id, scope });
      roleIds.push(id);
    }
    control.settle();
    return new World(cluster, clock, azure, pace, options, { principalId: own.principalId, roleIds });
  }

  /** One more subscription, with group rg1 and all rights for azid. */
  addSubscription(id: string): void {
    const { control } = this.azure;
    control.createSubscription({ id });
    control.createResourceGroup({ name: 'rg1', subscriptionId: id });
    control.grant({ principalId: this.#self, role: 'Owner', scope: `/subscriptions/${id}` });
    control.settle();
  }

  /** Takes azid's rights away; with `scope`, leaves them there alone; with `role`, a lesser one. */
  moveRights(scope?: string, role?: string): void {
    this.azure.control.dropRights({ principalId: this.#self });
    if (scope !== undefined) this.giveRights(scope, role);
    this.azure.control.settle();
  }

  /** The roles of deploy/azure, or the one given; by default at the subscription, where it belongs. */
  giveRights(scope = `/subscriptions/${SUBSCRIPTION}`, role?: string): void {
    for (const each of role === undefined ? this.#roleIds : [role]) {
      this.azure.control.grant({ principalId: this.#self, role: each, scope });
    }
    this.azure.control.settle();
  }

  /** What an operator of this world is started with. */
  async operatorOptions(overrides: Partial<OperatorOptions> = {}): Promise<OperatorOptions> {
    const { clock, azure, cluster, pace } = this;
    const { interceptKube, interceptArm, interceptLease, ...rest } = {
      ...this.#options.operator,
      ...overrides,
    };
    const counted =
      (intercept: Interceptor | undefined): Interceptor =>
      (request, next) =>
        pace.counted(() => Promise.resolve(intercept ? intercept(request, next) : next(request)));
    const noted =
      (intercept: Interceptor): Interceptor =>
      (request, next) =>
        cluster.counted(request, () => intercept(request, next));
    return {
      clock,
      random: Math.random,
      log: silentLog,
      version: '0.0.0',
      endpoint: await cluster.controllerEndpoint(),
      namespace: 'azid-system',
      takeOver: false,
      instance: `test-${this.#running.size}`,
      cloud: resolveCloud({
        armEndpoint: azure.origin,
        authorityHost: azure.origin,
        graphEndpoint: azure.origin,
        caPem: azure.caPem,
      }),
      credential: await tokenCredential(azure, 'controller'),
      // Another API server has other certificates, for which there would be another set of connections at each change.
      ...(rest.endpoint === undefined && { agent: cluster.agent }),
      tenantId: azure.tenantId,
      workers: 4,
      resyncIntervalMs: 600_000,
      azureLagMs: this.#options.azureLagMs ?? 2_000,
      releaseAfterMs: 24 * 3_600_000,
      processMetrics: false,
      // What tests count are the calls of kinds; those of the log ask for it.
      activityLog: false,
      streamLists: false,
      // The API server sends its bookmarks by real time: to a clock that is moved it is always silent, and was asked anew.
      watchIdleMs: FOREVER_MS,
      ...rest,
      interceptKube: noted(counted(interceptKube)),
      interceptLease: counted(interceptLease),
      interceptArm: (request, next) =>
        pace.counted(() => (interceptArm ? interceptArm(request, next) : next())),
    };
  }

  /** Starts an operator and returns it once it works (or, as a follower, waits). */
  async start(overrides: Partial<OperatorOptions> = {}, { follower = false } = {}): Promise<Operator> {
    if (this.#isOver) throw new Error('the test is over: no operator is started for it');
    const operator = new Operator(await this.operatorOptions(overrides));
    const stop = new AbortController();
    const end = operator.run(stop.signal);
    this.#running.set(operator, { stop, end });
    let failure: unknown;
    end.catch((error: unknown) => {
      failure = error;
    });
    await this.until(follower ? 'the follower to have its caches' : 'the operator to work', () => {
      if (failure) throw failure;
      return follower ? operator.ready : operator.working;
    });
    return operator;
  }

  /** Those that run, oldest first. */
  get operators(): readonly Operator[] {
    return [...this.#running.keys()];
  }

  /** Stops in order, as SIGTERM does. */
  async stop(operator: Operator): Promise<RunEnd> {
    const running = this.#running.get(operator);
    if (!running) throw new Error('this operator does not run here');
    running.stop.abort(new Error('stopped by the test'));
    return this.ended(operator);
  }

  /** As `kill -9`: whatever is under way is cut off, nothing is given back. */
  async kill(operator: Operator): Promise<void> {
    operator.kill();
    await this.ended(operator).catch(() => {});
  }

  /** How the operator's run ended, time moving meanwhile. */
  async ended(operator: Operator): Promise<RunEnd> {
    const running = this.#running.get(operator);
    if (!running) throw new Error('this operator does not run here');
    let over = false;
    const note = () => {
      over = true;
    };
    running.end.then(note, note);
    await this.until('the operator to end', () => over);
    this.#running.delete(operator);
    return running.end;
  }

  /** Waits for a condition while time passes; fails with what was waited for. */
  async until(what: string, condition: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
    const begun = this.#isOver;
    const deadline = performance.now() + limitMs;
    while (!(await whilePolling(condition))) {
      if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain for ${what}`);
      if (this.#isOver && !begun) throw new Error(`the test is over, and still waited for ${what}`);
      await this.pace.breathe(this.quiet);
    }
  }

  /** Nothing runs and nothing is due. */
  get quiet(): boolean {
    return (
      this.pace.inFlight === 0 &&
      [...this.#running.keys()].every((operator) => !operator.working || operator.idle())
    );
  }

  /** Lets this much time pass, everything that falls due on the way being done. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    await this.until(`${ms} ms to pass`, () => this.clock.monotonic() >= end && this.quiet, 120_000);
  }

  /** The same, though work waits for time itself: in a rate-limit scope that Azure closed, say. */
  async elapse(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    await this.until(`${ms} ms to elapse`, () => this.clock.monotonic() >= end, 120_000);
  }

  async dispose(): Promise<void> {
    hasEnded(this);
    this.#isOver = true;
    for (const operator of [...this.#running.keys()]) await this.kill(operator);
    await this.azure.stop();
  }
}

/** Waits in real time, for what no fake clock moves. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
