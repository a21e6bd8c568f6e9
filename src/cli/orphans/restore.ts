/** `azid restore RECORD`: makes again what a sweep deleted. */
import type { Command } from 'commander';
import type { Restored } from '../../restore/run.ts';
import { AZURE_FLAGS, type AzureFlags, type GivenAzureFlags, withCaPem } from '../azure-flags.ts';
import { CLUSTER_FLAGS, type Flag, OUTPUT_FLAG, optionOf } from '../flag.ts';
import { asAdministrator, EXIT } from '../run-command.ts';

interface RestoreFlags extends AzureFlags {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly dryRun?: boolean;
  readonly output: 'text' | 'json';
}

const FLAGS: readonly Flag[] = [
  ...CLUSTER_FLAGS.filter(({ env }) => env !== 'AZID_LEASE_NAME'),
  ...AZURE_FLAGS,
  { flags: '--dry-run', about: 'tell what would be made, and make nothing' },
  OUTPUT_FLAG,
];

export function addRestoreCommand(program: Command): void {
  const command = program
    .command('restore')
    .description(
      'Make again in Azure what a sweep deleted, from its OrphanRecord, with the rights of whoever runs it; can be run again.',
    )
    .argument('<record>', "name of the OrphanRecord in azid's own namespace")
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (record: string, flags: RestoreFlags & GivenAzureFlags) => {
    process.exitCode = await run(record, withCaPem(flags));
  });
}

function run(record: string, flags: RestoreFlags): Promise<number> {
  return asAdministrator('restore', { ...flags, leaseName: '' }, async (deps) => {
    // Only now: the SDKs take longer to load than all else.
    const [{ azureCalls }, { retainedOf }, { restore, restoreCalls }] = await Promise.all([
      import('../azure-access.ts'),
      import('../../operator/records.ts'),
      import('../../restore/restore.ts'),
    ]);
    const { calls, directory } = azureCalls(flags, deps.clock, process.env);
    const azure = { ...restoreCalls(calls), directory };
    const retained = (installationId: string) =>
      retainedOf({ options: deps, client: deps.client, installationId });
    const restored = await restore(record, { ...deps, azure, retained }, { dryRun: flags.dryRun ?? false });
    process.stdout.write(flags.output === 'json' ? json(restored) : text(restored));
    return EXIT.done;
  });
}

const json = ({ made, there, left }: Restored) => `${JSON.stringify({ made, there, left }, undefined, 2)}\n`;

/** Progress goes to stderr, as it is made. */
const text = ({ left }: Restored) => left.map((line) => `to do: ${line}\n`).join('');
