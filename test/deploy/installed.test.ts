import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import { createToken } from '../../src/kube/builtin.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { Kubectl } from '../../src/sandbox/cluster.ts';
import { linesOfCanI } from '../support/can-i.ts';
import { Journal } from '../support/journal.ts';
import { useStage } from '../support/stage.ts';
import { ALL_ADMISSION } from './admission.ts';
import { lifeOfEveryKind } from './life-of-every-kind.ts';
import { buildHelm, type Manifest, OVERLAY, ROOT, renderChart, renderOverlay } from './tools.ts';

/** azid as an administrator installs it, on an API server with all admission on; and the controller with the rights that it got by that. */

const { signal } = new AbortController();
const SELF = 'system:serviceaccount:azid-system:azid-controller';
const folder = await mkdtemp(join(tmpdir(), 'azid-installed-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

let kubectl: Kubectl;
let applied: string;
const stage = useStage({
  cluster: {
    ...ALL_ADMISSION,
    async install(plane) {
      kubectl = new Kubectl({ binary: await plane.kubectlPath(), kubeconfig: plane.kubeconfigPath, folder });
      applied = await applyOverlay();
    },
  },
});
const applyOverlay = () => run('apply', '--server-side', '-k', join(ROOT, OVERLAY));
const run = (...args: string[]) => kubectl.run(args, signal);

/** By a file: kubectl reads its standard input from nobody here. */
async function withFile<T>(manifests: readonly unknown[], use: (file: string) => Promise<T>): Promise<T> {
  const file = join(folder, 'manifests.yaml');
  await writeFile(file, manifests.map((each) => stringify(each)).join('---\n'));
  return use(file);
}

describe('kubectl apply -k', () => {
  it('makes each object, the namespace before what is in it', async () => {
    const lines = applied.trim().split('\n');
    const objects = await renderOverlay();
    expect(lines).toHaveLength(objects.length);
    expect(lines.filter((line) => !line.endsWith(' serverside-applied'))).toEqual([]);
    expect(lines[0]).toBe('namespace/azid-system serverside-applied');
  });

  it('changes nothing when it is applied again', async () => {
    const objects = await renderOverlay();
    const versions = () =>
      withFile(objects, (file) =>
        run('get', '-f', file, '-o', 'jsonpath={.items[*].metadata.resourceVersion}'),
      );
    const before = await versions();
    expect(before.split(' ')).toHaveLength(objects.length);
    await applyOverlay();
    expect(await versions()).toBe(before);
  });

  it('warns of nothing: neither a label nor a field is one that the API server does not know', async () => {
    // Strict: a field that the API server drops is an error.
    const objects = await renderOverlay();
    await withFile(objects, (file) =>
      run('apply', '--server-side', '--validate=strict', '--dry-run=server', '-f', file),
    );
  });
});

describe('the chart', () => {
  it('asks for the same of each field that the API server keeps: applied over the other by somebody else, it meets no conflict', async () => {
    const chart = await renderChart(await buildHelm());
    const out = await withFile(chart, (file) =>
      run('apply', '--server-side', '--dry-run=server', '--field-manager=helm', '-f', file),
    );
    expect(out.trim().split('\n')).toHaveLength(chart.length);
  }, 900_000);
});

interface PodTemplate {
  readonly metadata: object;
  readonly spec: { readonly containers: readonly object[]; readonly volumes: readonly object[] };
}

/** What the Deployment's pods would meet, were there anything here that makes them. */
describe('a pod of the Deployment', () => {
  let template: PodTemplate;
  beforeAll(async () => {
    const deployment = (await renderOverlay()).find(({ kind }) => kind === 'Deployment');
    template = (deployment as unknown as Manifest & { spec: { template: PodTemplate } }).spec.template;
  });
  const dryRun = (spec: object) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...template.metadata, name: 'probe', namespace: 'azid-system' },
      spec: { ...template.spec, ...spec },
    };
    return withFile([pod], (file) => run('create', '--dry-run=server', '-o', 'json', '-f', file));
  };

  it('is admitted', async () => {
    const pod = JSON.parse(await dryRun({}));
    expect(pod.spec).toMatchObject({
      priority: 2_000_000_000,
      preemptionPolicy: 'PreemptLowerPriority',
      serviceAccountName: 'azid-controller',
      enableServiceLinks: false,
    });
  });

  it.each([
    ['as root', { securityContext: { runAsUser: 0 } }, /runAsNonRoot != true|runAsUser=0/],
    ['on the network of the node', { hostNetwork: true }, /host namespaces/],
  ])('would not be %s', async (_, spec, message) => {
    await expect(dryRun(spec)).rejects.toThrow(message);
  });

  it('would not be with a folder of the node', async () => {
    const host = { name: 'host', hostPath: { path: '/' } };
    const more = { volumes: [...template.spec.volumes, host] };
    await expect(dryRun(more)).rejects.toThrow(/restricted volume types/);
  });

  it.each([
    ['privileges', { allowPrivilegeEscalation: true }, /allowPrivilegeEscalation != false/],
    ['capabilities', { capabilities: {} }, /unrestricted capabilities/],
  ])('would not be with more %s', async (_, securityContext, message) => {
    const [container] = template.spec.containers as readonly [{ readonly securityContext: object }];
    const more = { ...container, securityContext: { ...container.securityContext, ...securityContext } };
    await expect(dryRun({ containers: [more] })).rejects.toThrow(message);
  });
});

describe('the controller', () => {
  /** Of `kubectl auth can-i --list`, without what everybody may. */
  async function canI(namespace: string): Promise<string[]> {
    const list = async (who: string) => {
      const out = await run(
        'auth',
        'can-i',
        '--list',
        '--no-headers',
        `--as=${who}`,
        '--as-group=system:serviceaccounts',
        '--as-group=system:authenticated',
        '-n',
        namespace,
      );
      return linesOfCanI(out);
    };
    const everybody = await list('system:serviceaccount:default:nobody');
    return (await list(SELF)).filter((line) => !everybody.includes(line)).sort();
  }

  // Beside what everybody may: read policies, sources of events and sweeps.
  it('may do this, and no more, in its own namespace and elsewhere', async () => {
    const elsewhere = await canI('default');
    expect(elsewhere).toEqual([
      'configmaps [] [] [get list watch create patch delete]',
      'events.events.k8s.io [] [] [create patch]',
      'eventsources.azid.dev/status [] [] [get patch]',
      'federatedidentitycredentials.azid.dev [] [] [get list watch patch]',
      'federatedidentitycredentials.azid.dev/status [] [] [get patch]',
      'identityattachments.azid.dev [] [] [get list watch patch]',
      'identityattachments.azid.dev/status [] [] [get patch]',
      'identitypolicies.azid.dev/status [] [] [get patch]',
      'namespaces [] [] [get list watch]',
      'orphansweeps.azid.dev/status [] [] [get patch]',
      'rolegrants.azid.dev [] [] [get list watch patch]',
      'rolegrants.azid.dev/status [] [] [get patch]',
      'systemassignedidentities.azid.dev [] [] [get list watch patch]',
      'systemassignedidentities.azid.dev/status [] [] [get patch]',
      'userassignedidentities.azid.dev [] [] [get list watch patch]',
      'userassignedidentities.azid.dev/finalizers [] [] [update]',
      'userassignedidentities.azid.dev/status [] [] [get patch]',
    ]);
    const own = (await canI('azid-system')).filter((line) => !elsewhere.includes(line));
    expect(own).toEqual([
      'assignmentexpiries.azid.dev [] [] [get list watch create patch delete]',
      'assignmentexpiries.azid.dev/status [] [] [get patch]',
      'hostidentities.azid.dev [] [] [get list watch create patch delete]',
      'hostidentities.azid.dev/status [] [] [get patch]',
      'leases.coordination.k8s.io [] [] [get list watch create update]',
      'orphanrecords.azid.dev [] [] [get list watch create patch delete]',
      'orphanrecords.azid.dev/status [] [] [get patch]',
    ]);
  });

  it('lives through the life of every kind with that: no call is refused, and what it may write it writes', async () => {
    const kubeconfig = join(folder, 'controller');
    const { client, plane } = stage.cluster;
    const { token } = await createToken(client, 'azid-system', 'azid-controller', { audiences: [] }, signal);
    await plane.writeKubeconfig(kubeconfig, { token });
    const [journal, lease] = [new Journal(), new Journal()];
    const operator = await stage.world.start({
      endpoint: loadKubeEndpoint({ clock: systemClock, kubeconfig }),
      // One that nobody has made yet.
      leaseName: `azid-controller-${stage.tests}`,
      ...journal,
      interceptLease: lease.interceptKube,
    });
    await lifeOfEveryKind(stage.cluster, stage.world);
    await stage.world.stop(operator);
    const calls = [...journal.kube, ...lease.kube];
    expect(calls.filter(({ status }) => status === 403 || status === 401)).toEqual([]);
    const used = new Set(calls.map(({ request }) => writeOf(request)));
    const may = [...new Set([...(await canI('default')), ...(await canI('azid-system'))].flatMap(writesOf))];
    expect(may.filter((each) => !used.has(each)).sort()).toEqual(NOT_IN_THIS_LIFE);
  });
});

const NOT_IN_THIS_LIFE = [
  // What a sweep deletes is on record: test/orphans/.
  'create orphanrecords.azid.dev',
  'delete orphanrecords.azid.dev',
  // An Event that comes again and again.
  'patch events.events.k8s.io',
  'patch orphanrecords.azid.dev',
  'patch orphanrecords.azid.dev/status',
  // Asked by admission, of whoever makes an object that another one owns.
  'update userassignedidentities.azid.dev/finalizers',
];

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** `patch rolegrants.azid.dev/status`, as `kubectl auth can-i --list` names it. */
function writeOf({ method, path }: { readonly method: string; readonly path: string }): string {
  const parts = path.split('?')[0]?.split('/').filter(Boolean) ?? [];
  const group = parts[0] === 'apis' ? `.${parts[1]}` : '';
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2);
  const [plural = '', , subresource] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  return `${VERBS[method] ?? 'get'} ${plural}${group}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Of a line of the list: the verbs that write. */
function writesOf(line: string): string[] {
  const [, resource = '', verbs = ''] = /^(\S+) .*\[([^\]]*)\]$/.exec(line) ?? [];
  return verbs
    .split(' ')
    .filter((verb) => Object.values(VERBS).includes(verb))
    .map((verb) => `${verb} ${resource}`);
}
