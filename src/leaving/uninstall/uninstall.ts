/** Takes azid's objects away in their order, and waits for the controller to do Azure's side of it. */
import type { KindSchema } from '../../api/schema/kind.ts';
import { configMaps } from '../../kube/builtin.ts';
import { isTransient } from '../../kube/errors.ts';
import { type AtWork, controllerAtWork } from '../../kube/lease/at-work.ts';
import { type KubeObject, keyOf } from '../../kube/types.ts';
import { LEFT_BEHIND_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import { sleep } from '../../runtime/time/clock.ts';
import { askForRelease, type LeftBehind, takeFinalizer, unlessGone } from '../left-behind.ts';
import {
  type Found,
  type InstallationDeps,
  listKinds,
  nameOf,
  ownConfigMaps,
  type Wave,
  wavesOf,
} from '../objects.ts';
import { type Held, planOf, type Step, type UninstallMode } from './plan.ts';

export interface UninstallOptions extends UninstallMode {
  /** For all of it. */
  readonly timeoutMs: number;
  /** The caller knows that no controller works, where there is no Lease to show it. */
  readonly withoutController: boolean;
}

interface Hanging {
  readonly object: string;
  readonly held: Held;
}

export interface Uninstalled {
  /** What still exists, and why; empty: nothing of azid's is left in the cluster. */
  readonly hanging: readonly Hanging[];
  readonly leftBehind: readonly LeftBehind[];
  readonly configMaps: readonly string[];
}

const POLL_MS = 2_000;
/** At the same time: the API server has others to serve. */
const AT_ONCE = 8;
/** Made again so often, something applies it: no use in going on. */
const MAX_REMADE = 5;

export async function uninstall(deps: InstallationDeps, options: UninstallOptions): Promise<Uninstalled> {
  const atWork = await mayBegin(deps, options);
  const until = deps.clock.monotonic() + options.timeoutMs;
  const run = new Run(deps, options, atWork.state, until);
  // Objects may be made while others go, so each wave also lists the kinds of the waves before it.
  const kinds: KindSchema<KubeObject>[] = [];
  for (const wave of wavesOf()) {
    kinds.push(...wave.kinds);
    const hanging = await run.wave({ about: wave.about, kinds });
    if (hanging.length > 0) return { hanging, leftBehind: run.leftBehind, configMaps: [] };
  }
  return { hanging: [], leftBehind: run.leftBehind, configMaps: await removeConfigMaps(deps) };
}

async function mayBegin(
  deps: InstallationDeps,
  { forceRelease, withoutController }: UninstallOptions,
): Promise<AtWork> {
  deps.say('checking whether a controller works');
  const observed = await controllerAtWork(deps);
  const isKnown = withoutController && observed.state === 'unknown';
  const atWork = isKnown ? { ...observed, state: 'none' as const } : observed;
  switch (atWork.state) {
    case 'working':
      deps.say(`${atWork.holder} works`);
      return atWork;
    case 'unknown':
      deps.say(
        `${atWork.why}: it is not known whether a controller works; without one, objects stay as they are`,
      );
      return atWork;
    case 'none':
      if (forceRelease) {
        deps.say(`${atWork.why}: finalizers are taken off, nothing is done in Azure`);
        return atWork;
      }
      throw new CommandRefused(
        `${atWork.why}: nobody would do what is to be done in Azure. Start the controller, or pass --force-release to take the finalizers off; what then stays in Azure is written down`,
      );
  }
}

class Run {
  readonly leftBehind: LeftBehind[] = [];
  readonly #deps: InstallationDeps;
  readonly #options: UninstallOptions;
  readonly #atWork: AtWork['state'];
  readonly #until: number;
  /** Uids that were deleted here, by name. */
  readonly #deleted = new Map<string, Set<string>>();
  readonly #reported = new Map<string, string>();

  constructor(deps: InstallationDeps, options: UninstallOptions, atWork: AtWork['state'], until: number) {
    this.#deps = deps;
    this.#options = options;
    this.#atWork = atWork;
    this.#until = until;
  }

  /** Until none of its objects is left; what hangs when the time is up, or when waiting is no use. */
  async wave({ kinds, about }: Wave): Promise<readonly Hanging[]> {
    const { clock, signal, say } = this.#deps;
    let left = -1;
    for (;;) {
      signal.throwIfAborted();
      let found: readonly Found[];
      try {
        found = await listKinds(kinds, this.#deps);
        if (found.length === 0) return [];
        if (found.length !== left) say(`${about}: ${found.length} left`);
        left = found.length;
        const hanging = await this.#pass(found);
        const isLate = clock.monotonic() >= this.#until;
        const isNoUse =
          hanging.length === found.length && hanging.every(({ held }) => held.until !== undefined);
        if (isLate || isNoUse) return hanging;
      } catch (error) {
        if (signal.aborted || !isTransient(error) || clock.monotonic() >= this.#until) throw error;
        say(`the API server does not answer: ${(error as Error).message}`);
      }
      await sleep(clock, POLL_MS, signal);
    }
  }

  /** One step further with each. @returns those that are not gone */
  async #pass(found: readonly Found[]): Promise<readonly Hanging[]> {
    const hanging: Hanging[] = [];
    for (let at = 0; at < found.length; at += AT_ONCE)
      await Promise.all(
        found.slice(at, at + AT_ONCE).map(async (each) => {
          const plan = planOf(each, this.#options, this.#atWork, this.#deps.clock.now());
          let current: Found | undefined = each;
          for (const step of plan.steps) current &&= await this.#perform(step, current);
          this.#report(each, plan.held);
          hanging.push({ object: nameOf(each), held: plan.held ?? { why: 'the controller is at it' } });
        }),
      );
    return hanging;
  }

  /** @returns the object as it then is; undefined: it is gone, or changed, and is read again */
  async #perform(step: Step, found: Found): Promise<Found | undefined> {
    const { client, signal } = this.#deps;
    const { kind, object } = found;
    const { uid, resourceVersion } = object.metadata;
    switch (step.type) {
      case 'setDeletionPolicy': {
        const body = { metadata: { resourceVersion }, spec: { deletionPolicy: step.to } };
        const next = await unlessGone(client.mergePatch(kind.resource, keyOf(object), body, signal));
        return next && { kind, object: next as Found['object'] };
      }
      case 'delete':
        this.#count(found);
        await unlessGone(client.delete(kind.resource, keyOf(object), { preconditions: { uid } }, signal));
        return found;
      case 'release':
        this.leftBehind.push(await askForRelease(found, step.why, this.#deps));
        return found;
      case 'takeFinalizer': {
        const left = await takeFinalizer(found, step.why, this.#deps);
        if (left) this.leftBehind.push(left);
        return found;
      }
    }
  }

  #count(found: Found): void {
    const name = nameOf(found);
    const uids = (this.#deleted.get(name) ?? new Set()).add(found.object.metadata.uid);
    this.#deleted.set(name, uids);
    if (uids.size > MAX_REMADE)
      throw new CommandRefused(
        `${name} was deleted ${MAX_REMADE} times and is there again: something applies it. Take it out of its source first`,
      );
  }

  /** Once, and whenever it changes. */
  #report(found: Found, held: Held | undefined): void {
    if (held === undefined || held.remedy === undefined) return;
    const name = nameOf(found);
    const line = `${name}: ${held.why}; ${held.remedy}`;
    if (this.#reported.get(name) === line) return;
    this.#reported.set(name, line);
    this.#deps.say(line);
  }
}

/** Those that azid keeps for itself; not the record of what was left behind. */
async function removeConfigMaps(deps: InstallationDeps): Promise<readonly string[]> {
  const { client, namespace, signal } = deps;
  const own = (await ownConfigMaps(deps))
    .map(({ metadata }) => metadata.name)
    .filter((name) => !name.startsWith(LEFT_BEHIND_CONFIG_MAP));
  for (const name of own) await unlessGone(client.delete(configMaps, `${namespace}/${name}`, {}, signal));
  return own;
}
