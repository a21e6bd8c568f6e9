/** The two ends of a handover on the cluster that is left. Neither touches Azure. */
import { KINDS } from '../../api/index.ts';
import { FINALIZER, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { configMaps } from '../../kube/builtin.ts';
import { unlessNotFound } from '../../kube/errors.ts';
import { removeFinalizer } from '../../kube/finalizers.ts';
import { controllerAtWork } from '../../kube/lease/at-work.ts';
import { keyOf } from '../../kube/types.ts';
import {
  HANDOVER,
  INSTALLATION_CONFIG_MAP,
  LEFT_BEHIND_CONFIG_MAP,
} from '../../reconcilers/own-config-maps.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import { sleep } from '../../runtime/time/clock.ts';
import { unlessGone } from '../left-behind.ts';
import { type Found, type InstallationDeps, listKinds, nameOf, ownConfigMaps } from '../objects.ts';
import { type Installation, now, readInstallation, whereOf, writeInstallation } from './installation.ts';

interface FinishOptions {
  readonly timeoutMs: number;
}

const POLL_MS = 1_000;

/**
 * The objects go without their finalizers' work: what they have is the new cluster's. The ConfigMap stays and says so, so that no
 * azid ever starts here on what GitOps may apply again.
 *
 * @returns what is still there after the time: others' finalizers hold it
 */
export async function finish(
  deps: InstallationDeps,
  { timeoutMs }: FinishOptions,
): Promise<readonly string[]> {
  const { clock, signal, say } = deps;
  await handedOver(deps);
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const found = await listKinds(KINDS, deps);
    if (found.length === 0) break;
    say(`${found.length} objects left`);
    for (const each of found) await take(each, deps);
    if (clock.monotonic() >= until) return (await listKinds(KINDS, deps)).map(nameOf);
    await sleep(clock, POLL_MS, signal);
  }
  await removeRecords(deps);
  const latest = await handedOver(deps);
  if (latest.finished === undefined)
    await writeInstallation(latest, { data: { [HANDOVER.finished]: now(deps) } }, deps);
  return [];
}

/** azid works here again, as if nothing had been; the new cluster must not. */
export async function revert(deps: InstallationDeps): Promise<void> {
  const { finished } = await handedOver(deps);
  if (finished !== undefined)
    throw new CommandRefused(
      `the handover was finished at ${finished}: the objects are gone here. Hand over from the new cluster back to this one instead`,
    );
  const latest = await handedOver(deps);
  // The label goes too: it is there for this alone.
  const labels = { [MANAGED_BY_LABEL]: null } as unknown as Record<string, string>;
  await writeInstallation(latest, { data: { [HANDOVER.handedOver]: null }, labels }, deps);
}

async function handedOver(deps: InstallationDeps): Promise<Installation> {
  const installation = await readInstallation(deps);
  if (installation?.handedOver === undefined)
    throw new CommandRefused(
      `${whereOf(deps)} does not say that this installation was handed over: run azid handover export here first, and import on the new cluster`,
    );
  const atWork = await controllerAtWork(deps);
  if (atWork.state === 'working')
    throw new CommandRefused(
      `${atWork.holder} works here: stop it first, or what goes here goes in Azure as well`,
    );
  return installation;
}

/** First the finalizer, so that nothing waits for a controller; then the object. */
async function take({ kind, object }: Found, { client, signal }: InstallationDeps): Promise<void> {
  const { uid } = object.metadata;
  const free = await unlessGone(removeFinalizer(client, kind.resource, object, FINALIZER, signal));
  // Changed meanwhile: in the next pass.
  if (!free || free.metadata.finalizers?.includes(FINALIZER)) return;
  if (free.metadata.deletionTimestamp) return;
  await unlessGone(client.delete(kind.resource, keyOf(object), { preconditions: { uid } }, signal));
}

async function removeRecords(deps: InstallationDeps): Promise<void> {
  const { client, namespace, signal } = deps;
  for (const { metadata } of await ownConfigMaps(deps)) {
    const { name } = metadata;
    if (name === INSTALLATION_CONFIG_MAP || name.startsWith(LEFT_BEHIND_CONFIG_MAP)) continue;
    await unlessNotFound(client.delete(configMaps, `${namespace}/${name}`, {}, signal));
  }
}
