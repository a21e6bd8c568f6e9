import type { Command } from 'commander';
import {
  CLUSTER_FLAGS,
  type ClusterFlags,
  timeoutFlag,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
} from '../cluster-flags.ts';
import { type Flag, optionOf } from '../flag.ts';

/** `azid release KIND NAMESPACE/NAME`: lets go of one object whose deletion hangs. */

export interface ReleaseFlags extends ClusterFlags {
  readonly withoutController?: boolean;
  readonly yes?: boolean;
  readonly timeout: number;
}

const FLAGS: readonly Flag[] = [
  ...CLUSTER_FLAGS,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
  timeoutFlag(120_000, '2m'),
];

export function addReleaseCommand(program: Command): void {
  const command = program
    .command('release')
    .description(
      'Let go of an object whose deletion hangs; what then stays in Azure is written to ConfigMap azid-left-behind.',
    )
    .argument('<kind>', 'such as UserAssignedIdentity, or its short name')
    .argument('<object>', 'namespace/name, or the name of a policy')
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (kind: string, key: string, flags: ReleaseFlags) => {
    const { runRelease } = await import('./run-release.ts');
    process.exitCode = await runRelease(kind, key, flags);
  });
}
