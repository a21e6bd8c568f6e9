import { KINDS } from '../../../src/api/index.ts';
import { loadKubeEndpoint } from '../../../src/kube/access/config.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import type { Interceptor } from '../../../src/kube/transport/request.ts';
import { KubeTransport } from '../../../src/kube/transport/transport.ts';
import { type KubeObject, keyOf } from '../../../src/kube/types.ts';
import type { InstallationDeps } from '../../../src/leaving/objects.ts';
import { systemClock } from '../../../src/runtime/time/clock.ts';
import type { Cluster, World } from '../testbed.ts';
import { HostStage, RG1, VMS } from './hosts.ts';

/** An object of every kind that has something in Azure, and what a person does who leaves. */
export class Estate {
  readonly stage: HostStage;
  readonly #cluster: Cluster;
  readonly #world: World;
  /** Those that were there before. */
  readonly #assignments: number;

  constructor(cluster: Cluster, world: World, namespace: string) {
    this.stage = new HostStage(cluster, world, namespace);
    this.#cluster = cluster;
    this.#world = world;
    this.#assignments = world.azure.control.assignments().length;
  }

  /** Identity `app` and the system-assigned one of `vm1`; each with a grant; an attachment and a credential of `app`. */
  async build(): Promise<void> {
    const { stage } = this;
    this.#world.azure.control.createHost({ type: VMS, name: 'vm1', resourceGroup: 'rg1' });
    await stage.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
    await stage.attach('vm1');
    await stage.system('vm1');
    await stage.grantSystem('vm1');
    await this.grant('read');
    await stage.credential('deploy');
  }

  /** Reader on rg1 for `app`. */
  grant(name: string, spec: object = {}): Promise<KubeObject> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'RoleGrant',
      metadata: { name, namespace: this.stage.namespace },
      spec: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: RG1, ...spec },
    });
  }

  async ready(): Promise<void> {
    const { stage } = this;
    await stage.attached('vm1');
    await stage.systemReady('vm1');
    await stage.granted('vm1');
    await stage.granted('read');
    await stage.credentialReady('deploy');
  }

  /** For a command, on the clock of the world. */
  deps(
    said: string[] = [],
    intercept?: Interceptor,
    signal = new AbortController().signal,
  ): InstallationDeps {
    const endpoint = loadKubeEndpoint({
      clock: systemClock,
      kubeconfig: this.#cluster.plane.kubeconfigPath,
    });
    const counted: Interceptor = (request, next) =>
      this.#cluster.counted(request, async () => (intercept ? intercept(request, next) : next(request)));
    const transport = new KubeTransport({
      endpoint,
      clock: systemClock,
      userAgent: 'azid-leaving-test',
      intercept: (request, next) => this.#world.pace.counted(() => Promise.resolve(counted(request, next))),
    });
    return {
      client: new KubeClient(transport),
      clock: this.#world.clock,
      namespace: 'azid-system',
      leaseName: 'azid-controller',
      say: (line) => void said.push(line),
      signal,
    };
  }

  /** What a command comes to, fake time moving meanwhile. */
  async outcome<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const note = () => {
      over = true;
    };
    work.then(note, note);
    await this.#world.until('the command to end', () => over, 120_000);
    return work;
  }

  /** All objects of azid, as `RoleGrant team/read`. */
  async left(): Promise<readonly string[]> {
    const all = await Promise.all(KINDS.map(({ resource }) => this.#cluster.list(resource)));
    return all.flat().map((object) => `${object.kind} ${keyOf(object)}`);
  }

  /** What azid made in Azure, or attached, as people would name it. */
  inAzure(): Azure {
    const { control } = this.#world.azure;
    const identities = control.identities({}).filter(({ name }) => name !== 'azid-controller');
    const [vm] = control.hosts({});
    return {
      identities: identities.map(({ name, tags }) => ({ name, tags })),
      credentials: identities.flatMap(({ id }) => control.credentials({ id }).map(({ name }) => name)),
      assignments: control.assignments().length - this.#assignments,
      attached: vm?.attached.length ?? 0,
      system: (vm?.system ?? null) !== null,
    };
  }
}

export interface Azure {
  readonly identities: readonly { readonly name: string; readonly tags: Readonly<Record<string, string>> }[];
  readonly credentials: readonly string[];
  readonly assignments: number;
  readonly attached: number;
  readonly system: boolean;
}
