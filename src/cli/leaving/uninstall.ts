/** `azid uninstall`: lists what there is of azid, and takes it away. */
import type { Command } from 'commander';
import type { InstallationDeps } from '../../leaving/objects.ts';
import type { Listing } from '../../leaving/uninstall/listing.ts';
import type { Uninstalled } from '../../leaving/uninstall/uninstall.ts';
import {
  CLUSTER_FLAGS,
  type ClusterFlags,
  type Flag,
  OUTPUT_FLAG,
  optionOf,
  timeoutFlag,
  WITHOUT_CONTROLLER_FLAG,
  YES_FLAG,
} from '../flag.ts';
import { asAdministrator, EXIT, isConfirmed } from '../run-command.ts';

interface UninstallFlags extends ClusterFlags {
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
    process.exitCode = await run(flags);
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

function run(flags: UninstallFlags): Promise<number> {
  return asAdministrator('uninstall', flags, async (deps) => {
    // Only now: what a command does is far larger than reading its flags.
    const [{ KINDS }, { list, listingText }, { uninstall }] = await Promise.all([
      import('../../api/index.ts'),
      import('../../leaving/uninstall/listing.ts'),
      import('../../leaving/uninstall/uninstall.ts'),
    ]);
    const listing = await list(deps);
    const policy = flags.retain ? 'Retain' : flags.delete ? 'Delete' : undefined;
    if (policy === undefined) {
      print(flags, listing, listingText(listing));
      return EXIT.done;
    }
    process.stderr.write(listingText(listing));
    if (!(await mayGoOn(flags, listing, deps))) return EXIT.failed;
    const done = await uninstall(deps, {
      policy,
      overrideRetain: flags.overrideRetain ?? false,
      forceRelease: flags.forceRelease ?? false,
      withoutController: flags.withoutController ?? false,
      giveUpEnds: flags.giveUpEnds ?? false,
      timeoutMs: flags.timeout,
    });
    const crds = KINDS.map(({ resource }) => `${resource.plural}.${resource.group}`);
    print(flags, done, textOf(done, flags.namespace, crds));
    return done.hanging.length === 0 ? EXIT.done : EXIT.failed;
  });
}

async function mayGoOn(
  flags: UninstallFlags,
  { reappliedBy, ends }: Listing,
  { say, signal }: InstallationDeps,
) {
  for (const { source, objects } of reappliedBy)
    say(`${objects} objects are applied again by ${source}: take them out of there first`);
  if (reappliedBy.length > 0 && !flags.ignoreGitops) {
    say('nothing was done: what is deleted would come back; --ignore-gitops goes on all the same');
    return false;
  }
  if (ends.length > 0 && flags.retain && !flags.giveUpEnds)
    say(
      `${ends.length} role assignments were given until a time to come: they are kept until then and no longer, so azid has to run until the last end; --give-up-ends keeps them for good`,
    );
  const what = flags.retain
    ? 'All objects of azid go; everything in Azure stays.'
    : flags.overrideRetain
      ? 'All objects of azid go, and everything that azid made in Azure.'
      : 'All objects of azid go, and what azid made in Azure for those with deletionPolicy Delete.';
  if (await isConfirmed(`${what} Go on?`, flags.yes, signal)) return true;
  say('nothing was done');
  return false;
}

function print({ output }: Pick<UninstallFlags, 'output'>, result: object, text: string): void {
  process.stdout.write(output === 'json' ? `${JSON.stringify(result, undefined, 2)}\n` : text);
}

function textOf(
  { hanging, leftBehind, configMaps }: Uninstalled,
  namespace: string,
  crds: readonly string[],
): string {
  const left = leftBehind.flatMap(({ kind, object, azure, why }) =>
    azure.map((id) => `left behind in Azure: ${id} (${kind} ${object}: ${why})`),
  );
  if (hanging.length > 0)
    return `${[
      ...left,
      ...hanging.map(({ object, held: { why, remedy } }) =>
        [`still there: ${object}: ${why}`, remedy ?? []].flat().join('; '),
      ),
      'The same command goes on from here.',
    ].join('\n')}\n`;
  return `${[
    ...left,
    `Nothing of azid is left in the cluster but its installation (ConfigMaps removed: ${configMaps.join(', ') || 'none'}). Remove that with helm uninstall, if you installed it so, or:`,
    `kubectl delete deployment azid-controller -n ${namespace} --ignore-not-found`,
    'kubectl delete clusterrolebinding,clusterrole azid-controller azid-controller-outputs --ignore-not-found',
    `kubectl delete crd --ignore-not-found ${crds.join(' ')}`,
    `kubectl delete namespace ${namespace} --ignore-not-found`,
  ].join('\n')}\n`;
}
