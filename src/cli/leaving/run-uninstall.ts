import { KINDS } from '../../api/index.ts';
import type { InstallationDeps } from '../../leaving/deps.ts';
import { type Listing, list, listingText } from '../../leaving/uninstall/listing.ts';
import { type Uninstalled, uninstall } from '../../leaving/uninstall/uninstall.ts';
import { asAdministrator } from '../as-administrator.ts';
import { EXIT } from '../interruptible.ts';
import { isConfirmed } from './confirm.ts';
import type { UninstallFlags } from './uninstall.ts';

export function runUninstall(flags: UninstallFlags): Promise<number> {
  return asAdministrator('uninstall', flags, async (deps) => {
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
    print(flags, done, textOf(done, flags.namespace));
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

function textOf({ hanging, leftBehind, configMaps }: Uninstalled, namespace: string): string {
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
  const crds = KINDS.map(({ resource }) => `${resource.plural}.${resource.group}`);
  return `${[
    ...left,
    `Nothing of azid is left in the cluster but its installation (ConfigMaps removed: ${configMaps.join(', ') || 'none'}). Remove that with helm uninstall, if you installed it so, or:`,
    `kubectl delete deployment azid-controller -n ${namespace} --ignore-not-found`,
    'kubectl delete clusterrolebinding,clusterrole azid-controller azid-controller-outputs --ignore-not-found',
    `kubectl delete crd --ignore-not-found ${crds.join(' ')}`,
    `kubectl delete namespace ${namespace} --ignore-not-found`,
  ].join('\n')}\n`;
}
