import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { createToken } from '../../src/kube/builtin.ts';
import { bundleProduct } from '../../src/sandbox/controller/bundle.ts';
import { type Manner, OtlpReceiver } from '../support/otlp/receiver.ts';
import { Azid } from '../support/process/child.ts';
import { Cluster, until } from '../support/testbed.ts';

/** Traces of `azid controller` as it runs in a pod: turned on by OpenTelemetry's variables, sent before it ends, and not loaded without them. */

const TENANT = '99999999-8888-4777-8666-555555555555';
const { signal } = new AbortController();

/** Says on standard error whatever of OpenTelemetry is loaded, but for the names that prom-client shares with it and loads by itself. */
const WATCHED = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    if (/@opentelemetry\\/(?!api\\/)|traces\\/(open-telemetry|span-tracer)/.test(url)) process.stderr.write('LOADED ' + url + '\\n');
    return next(url, context);
  },
});`)}`;

let cluster: Cluster;
let folder: string;
let args: readonly string[];
let receiver: OtlpReceiver;
let azid: Azid;
beforeAll(async () => {
  cluster = await Cluster.start();
  folder = await mkdtemp(join(tmpdir(), 'azid-traces-'));
  const { token } = await createToken(
    cluster.client,
    'azid-system',
    'azid-controller',
    { audiences: [] },
    signal,
  );
  await cluster.plane.writeKubeconfig(join(folder, 'kubeconfig'), { token });
  await writeFile(join(folder, 'token'), 'none');
  args = [
    'controller',
    ...['--kubeconfig', join(folder, 'kubeconfig'), '--tenant-id', TENANT, '--client-id', TENANT],
    // Azure is not reached: what is traced here is the API server's side.
    ...['--arm-endpoint', 'https://127.0.0.1:9', '--authority-host', 'https://127.0.0.1:9'],
    ...[
      '--federated-token-file',
      join(folder, 'token'),
      '--listen-address',
      '127.0.0.1:0',
      '--leader-elect',
      'false',
    ],
  ];
});
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  await cluster.applyYaml(`
apiVersion: azid.dev/v1alpha1
kind: IdentityPolicy
metadata: { name: traced }
spec:
  namespaces: { names: [traced] }
  identities: { scopes: [/subscriptions/11111111-2222-4333-8444-555555555555] }
`);
});
afterEach(async () => {
  azid?.signal('SIGKILL');
  await azid?.ended;
  await cluster.clean();
  await receiver[Symbol.asyncDispose]();
});

const base = () => receiver.url.replace('/v1/traces', '');
const ready = () =>
  until('the policy to be Ready', async () => {
    const policy = await cluster.get(identityPolicy.resource, 'traced');
    return (
      policy?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    );
  });

it('what is recorded when it is stopped is sent before it ends, with the headers that the variables give', async () => {
  azid = new Azid(args, { OTEL_EXPORTER_OTLP_ENDPOINT: base(), OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=one' });
  await azid.says('traces are recorded');
  await ready();
  azid.signal('SIGTERM');
  expect(await azid.ended, azid.output).toBe(0);
  expect(receiver.named('reconcile IdentityPolicy').length).toBeGreaterThan(0);
  expect(receiver.headers[0]).toMatchObject({ 'x-tenant': 'one', 'content-type': 'application/x-protobuf' });
  expect(azid.output).not.toContain('x-tenant');
});

describe('a collector that takes nothing', () => {
  it.each<Manner>(['hangs', 'refuses'])('but %s does not keep it from ending', async (manner) => {
    receiver.manner = manner;
    azid = new Azid(args, { OTEL_EXPORTER_OTLP_ENDPOINT: base() });
    await ready();
    const since = performance.now();
    azid.signal('SIGTERM');
    expect(await azid.ended, azid.output).toBe(0);
    // Of the 45 s that a pod has.
    expect(performance.now() - since).toBeLessThan(15_000);
    expect(receiver.requests).toBeGreaterThan(0);
  });
});

describe('OpenTelemetry is loaded', () => {
  const started = async (env: Readonly<Record<string, string>>) => {
    azid = new Azid(args, { NODE_OPTIONS: `--import=${WATCHED}`, ...env });
    await ready();
    azid.signal('SIGTERM');
    await azid.ended;
    return azid.output.split('\n').filter((line) => line.startsWith('LOADED '));
  };

  it('where an endpoint is given', async () => {
    expect((await started({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.url })).length).toBeGreaterThan(5);
  });

  it.each([
    ['without one', {}],
    [
      'where it is turned off',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' },
    ],
  ])('not %s', async (_, env) => {
    expect(await started(env)).toEqual([]);
    expect(receiver.requests).toBe(0);
  });
});

it('in the bundle it is a part of its own, which no other part loads with itself', async () => {
  const dist = join(folder, 'dist');
  await bundleProduct(dist);
  const parts = await Promise.all(
    (await readdir(dist)).map(async (name) => ({ name, code: await readFile(join(dist, name), 'utf8') })),
  );
  const [own, ...more] = parts.filter(({ name }) => name.startsWith('open-telemetry-'));
  expect(more).toEqual([]);
  expect(own?.code).toContain('BatchSpanProcessor');
  for (const { name, code } of parts) {
    if (name === own?.name) continue;
    expect(code, name).not.toContain('BatchSpanProcessor');
    // Only as what is loaded when it is wanted.
    expect(code.match(/(?<!import\()["']\.\/open-telemetry-/g), name).toBeNull();
  }
});

it('a protocol that azid does not speak is refused at the start', async () => {
  azid = new Azid(args, { OTEL_EXPORTER_OTLP_ENDPOINT: base(), OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
  expect(await azid.ended).toBe(1);
  expect(azid.output).toContain('OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf, got "grpc"');
});
