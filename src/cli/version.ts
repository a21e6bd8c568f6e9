/** `azid version`: of this command, of the kinds that the cluster serves, and of the controller as far as it is known. */
import { type Command, Option } from 'commander';
import { VERSION as API_VERSION } from '../api/schema/kind.ts';
import type { ControllerVersion, CrdVersions, Unknown } from '../check/versions.ts';
import { VERSION } from './azid-version.ts';
import { CLUSTER_FLAGS, type ClusterFlags, type Flag, OUTPUT_FLAG, optionOf } from './flag.ts';
import { dnsLabel } from './parse.ts';
import { EXIT, inCluster, NOTHING_CHANGED, printed } from './run-command.ts';

interface VersionFlags extends ClusterFlags {
  readonly serviceAccount: string;
  readonly client?: boolean;
  readonly output: 'text' | 'json';
}

const FLAGS: readonly Flag[] = [
  ...CLUSTER_FLAGS.filter(({ env }) => env !== 'AZID_LEASE_NAME'),
  {
    flags: '--service-account <name>',
    about: 'of the controller, by which its Deployment is known',
    parse: dnsLabel,
    fallback: 'azid-controller',
  },
  OUTPUT_FLAG,
];

export function addVersionCommand(program: Command): void {
  const command = program
    .command('version')
    .description(
      'Show the version of this command, of the CRDs that the cluster has and, where it runs as a Deployment, of the controller. Exits 0 also where the cluster says nothing, which is shown.',
    )
    .addOption(new Option('--client', 'of this command alone: the cluster is not asked'))
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (flags: VersionFlags) => {
    process.exitCode = await run(flags);
  });
}

async function run(flags: VersionFlags): Promise<number> {
  const client = { version: VERSION, apiVersion: API_VERSION, node: process.version };
  if (flags.client) return shown({ client }, flags);
  return inCluster({ name: 'version', interrupted: NOTHING_CHANGED }, flags, async (deps) => {
    // Only now: the schemas of the kinds are far larger than reading flags.
    const { controllerVersion, crdVersions } = await import('../check/versions.ts');
    const { namespace, serviceAccount } = flags;
    const crds = await crdVersions(deps);
    const controller = await controllerVersion({ ...deps, namespace, serviceAccount });
    return shown({ client, crds, controller }, flags);
  });
}

interface Versions {
  readonly client: { readonly version: string; readonly apiVersion: string; readonly node: string };
  /** Absent with --client. */
  readonly crds?: CrdVersions | Unknown;
  readonly controller?: ControllerVersion | Unknown;
}

async function shown(versions: Versions, { output }: VersionFlags): Promise<number> {
  await printed(output === 'json' ? `${JSON.stringify(versions, undefined, 2)}\n` : textOf(versions));
  return EXIT.done;
}

function textOf({ client, crds, controller }: Versions): string {
  const lines = [`Client: ${client.version} (${client.apiVersion}, Node ${client.node})`];
  if (crds) lines.push(`CRDs: ${'unknown' in crds ? `unknown: ${crds.unknown}` : crdText(crds)}`);
  if (controller)
    lines.push(
      `Controller: ${'unknown' in controller ? `unknown: ${controller.unknown}` : controllerText(controller)}`,
    );
  return `${lines.join('\n')}\n`;
}

function crdText({ versions, installed, ofThisVersion, kinds }: CrdVersions): string {
  if (installed === 0) return 'none';
  return `${versions.join(', ')}: ${installed} of ${kinds} kinds, ${ofThisVersion} as of this client's version`;
}

function controllerText({ deployment, image, version = 'unknown' }: ControllerVersion): string {
  return `${version} (image ${image} of Deployment ${deployment})`;
}
