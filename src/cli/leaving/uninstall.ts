import type { Command } from 'commander';
import {
  CLUSTER_FLAGS,
  type ClusterFlags,
  OUTPUT_FLAG,
  timeoutFlag,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
} from '../cluster-flags.ts';
import { type Flag, optionOf } from '../flag.ts';

/** `azid uninstall`: lists what there is of azid, and takes it away. */

export interface UninstallFlags extends ClusterFlags {
  readonly delete?: boolean;
  readonly retain?: boolean;
  readonly overrideRetain?: boolean;
  readonly forceRelease?: boolean;
  readonly withoutController?: boolean;
  readonly giveUpEnds?: boolean;
  readonly ignoreGitops?: boolean;
  readonly yes?: boolean;
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

const FLAGS: readonly Flag[] = [
  ...CLUSTER_FLAGS,
  {
    flags: '--delete',
    about:
      'delete in Azure what azid made, as the deletionPolicy of each object says; without it and --retain, what there is is listed',
  },
  { flags: '--retain', about: 'leave everything in Azure as it is, whatever the objects say' },
  {
    flags: '--override-retain',
    about: 'with --delete: delete in Azure also what objects with deletionPolicy Retain have',
  },
  {
    flags: '--force-release',
    about:
      'let go of what Azure refuses to delete, and, where no controller works, of everything; what stays in Azure is written to ConfigMap azid-left-behind',
  },
  WITHOUT_CONTROLLER_FLAG,
  {
    flags: '--give-up-ends',
    about: 'let role assignments stay for good that were given until a time to come',
  },
  {
    flags: '--ignore-gitops',
    about: 'go on although Flux, Argo CD or Config Sync applies objects again',
  },
  YES_FLAG,
  timeoutFlag(1_800_000, '30m'),
  OUTPUT_FLAG,
];

export function addUninstallCommand(program: Command): void {
  const command = program
    .command('uninstall')
    .description(
      'List what there is of azid in the cluster; with --delete or --retain, take it away in the right order.',
    )
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (flags: UninstallFlags) => {
    const wrong = contradiction(flags);
    if (wrong !== undefined) command.error(`error: ${wrong}`);
    // Only now: each of them is far larger than reading its flags.
    const { runUninstall } = await import('./run-uninstall.ts');
    process.exitCode = await runUninstall(flags);
  });
}

function contradiction(flags: UninstallFlags): string | undefined {
  if (flags.delete && flags.retain) return 'expected one of --delete and --retain, got both';
  if (flags.overrideRetain && !flags.delete)
    return 'expected --override-retain together with --delete, got it alone';
  if (flags.withoutController && !flags.forceRelease)
    return 'expected --without-controller together with --force-release, got it alone';
  const needsMode = (['forceRelease', 'giveUpEnds', 'ignoreGitops'] as const).filter((name) => flags[name]);
  if (needsMode.length > 0 && !flags.delete && !flags.retain)
    return 'expected --delete or --retain beside the flags that say how, got neither';
  return undefined;
}
