import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { getBinaries } from '../../src/sandbox/apiserver/binaries/binaries.ts';
import { readPins } from '../../src/sandbox/apiserver/binaries/pins.ts';
import { buildGoProgram } from '../support/process/go-program.ts';

/** helm and kubectl, as whoever installs azid uses them. */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CHART = 'deploy/helm/azid';
export const OVERLAY = 'deploy/kustomize/overlays/example';
export const SHARDED_OVERLAY = 'deploy/kustomize/overlays/two-shards';
/** Helm takes an old Kubernetes for granted where nobody tells it which one there is. */
export const KUBE = ['--kube-version', (await readPins()).kubernetes];
const EXAMPLE_VALUES = `${CHART}/ci/example-values.yaml`;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Standard output; throws with what the program wrote to standard error. */
async function run(program: string, args: readonly string[]): Promise<string> {
  try {
    const options = { cwd: ROOT, maxBuffer: 64 * 2 ** 20 };
    return (await promisify(execFile)(program, [...args], options)).stdout;
  } catch (error) {
    const {
      stderr = '',
      stdout = '',
      message,
    } = error as { stderr?: string; stdout?: string; message: string };
    throw new Error(stderr.trim() || stdout.trim() || message);
  }
}

/** The path of Helm. Minutes the first time: it is built. */
export function helmProgram(): Promise<string> {
  const folder = fileURLToPath(new URL('../helm', import.meta.url));
  return buildGoProgram({ name: 'helm', folder, package: 'helm.sh/helm/v3/cmd/helm' });
}

export async function buildHelm(): Promise<(args: readonly string[]) => Promise<string>> {
  const program = await helmProgram();
  return (args) => run(program, args);
}

/** What `helm template` makes of the example, changed by more flags. */
export async function renderChart(
  helm: (args: readonly string[]) => Promise<string>,
  ...more: readonly string[]
): Promise<Manifest[]> {
  return manifestsIn(
    await helm([
      'template',
      'azid',
      CHART,
      ...KUBE,
      '--namespace',
      'azid-system',
      '-f',
      EXAMPLE_VALUES,
      ...more,
    ]),
  );
}

export async function renderOverlay(folder = OVERLAY): Promise<Manifest[]> {
  const { kubectl } = await getBinaries(['kubectl']);
  return manifestsIn(await run(kubectl, ['kustomize', folder]));
}

function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

export function named({ kind, metadata: { namespace, name } }: Manifest): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
}

export async function readText(path: string): Promise<string> {
  return readFile(`${ROOT}/${path}`, 'utf8');
}
