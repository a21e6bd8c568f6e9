/** `azid release KIND NAMESPACE/NAME`: lets go of one object whose deletion hangs. */
import type { Command } from 'commander';
import {
  CLUSTER_FLAGS,
  type ClusterFlags,
  type Flag,
  optionOf,
  timeoutFlag,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
} from '../flag.ts';
import { asAdministrator, EXIT, isConfirmed } from '../run-command.ts';

interface ReleaseFlags extends ClusterFlags {
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
    process.exitCode = await run(kind, key, flags);
  });
}

function run(kind: string, key: string, flags: ReleaseFlags): Promise<number> {
  return asAdministrator('release', flags, async (deps) => {
    // Only now: what a command does is far larger than reading its flags.
    const { release } = await import('../../leaving/release.ts');
    const confirm = (ids: readonly string[]) =>
      isConfirmed(
        ids.length === 0
          ? 'Its status names nothing in Azure. Let it go?'
          : `These stay in Azure: ${ids.join(', ')}. Let it go?`,
        flags.yes,
        deps.signal,
      );
    const { timeout: timeoutMs, withoutController = false } = flags;
    const released = await release({ kind, key }, deps, { timeoutMs, withoutController, confirm });
    if (!released) return EXIT.failed;
    for (const id of released.azure) process.stdout.write(`${id}\n`);
    deps.say(`${released.kind} ${released.object} was let go`);
    return EXIT.done;
  });
}
