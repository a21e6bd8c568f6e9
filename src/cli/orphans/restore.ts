import type { Command } from 'commander';
import { AZURE_FLAGS, type AzureFlags, type GivenAzureFlags, withCaPem } from '../azure-flags.ts';
import { CLUSTER_FLAGS, OUTPUT_FLAG } from '../cluster-flags.ts';
import { type Flag, optionOf } from '../flag.ts';

/** `azid restore RECORD`: makes again what a sweep deleted. */

export interface RestoreFlags extends AzureFlags {
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
    const { runRestore } = await import('./run-restore.ts');
    process.exitCode = await runRestore(record, withCaPem(flags));
  });
}
