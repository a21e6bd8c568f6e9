import { type Command, Option } from 'commander';
import { CLUSTER_FLAGS, type ClusterFlags, OUTPUT_FLAG } from '../cluster-flags.ts';
import { type Flag, optionOf } from '../flag.ts';
import { dnsLabel } from '../parse.ts';

/** `azid version`: of this command, of the kinds that the cluster serves, and of the controller as far as it is known. */

export interface VersionFlags extends ClusterFlags {
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
    const { runVersion } = await import('./run-version.ts');
    process.exitCode = await runVersion(flags);
  });
}
