import type { HostCache } from '../../../cache/hosts/hosts.ts';
import { findCondition } from '../../../runtime/status/conditions.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { IdentityAttachment } from '../facts.ts';

/**
 * Since when an object selects what it selects now. Lists of Azure show what was made only after a while, so a new
 * selector may miss what was made just before it: the status shows until when, and one more list is made at that time
 * (`AzureCache.ask`).
 */

/** What this process remembers of one object's selector. */
export interface Selecting {
  readonly selector: string;
  /** Monotonic ms; absent: it selected so, and nothing was open, before this process came. */
  readonly askedAt?: number;
  /** What was reported last, so that no jitter of the clock changes a status. */
  readonly reported?: { readonly until: number; readonly wall: number };
}

export interface SelectingDeps {
  readonly hostCache: Pick<HostCache, 'ask' | 'openUntil'>;
  readonly clock: Clock;
  /** By uid. */
  readonly selecting: Map<string, Selecting>;
}

/** A requested reconcile asks for what is there now, as a new selector does. */
export function askAnew(object: IdentityAttachment, area: string, deps: SelectingDeps): void {
  const askedAt = deps.clock.monotonic();
  deps.hostCache.ask(area);
  deps.selecting.set(object.metadata.uid, { selector: textOf(object), askedAt });
}

/**
 * Until when its selector may miss resources, wall ms; undefined: no more. A time that is past: the list that settles
 * it is late.
 *
 * @param area of the selector; it must be in use. undefined: none
 */
export function mayMissUntil(
  object: IdentityAttachment,
  area: string | undefined,
  deps: SelectingDeps,
): number | undefined {
  const { clock, hostCache, selecting } = deps;
  const { uid } = object.metadata;
  if (area === undefined) {
    selecting.delete(uid);
    return undefined;
  }
  const before = selecting.get(uid);
  const selector = textOf(object);
  if (before ? before.selector !== selector : !hasSelected(object)) askAnew(object, area, deps);
  else if (!before) selecting.set(uid, { selector });
  const { askedAt, reported } = selecting.get(uid) ?? {};
  if (askedAt === undefined) return undefined;
  const until = hostCache.openUntil(area, askedAt);
  if (until === undefined) {
    selecting.set(uid, { selector });
    return undefined;
  }
  if (reported?.until === until) return reported.wall;
  const wall = Math.ceil((clock.now() + until - clock.monotonic()) / 1000) * 1000;
  selecting.set(uid, { selector, askedAt, reported: { until, wall } });
  return wall;
}

/** By its status the selector misses nothing: then a restart does not change the status. */
function hasSelected({ metadata, status }: IdentityAttachment): boolean {
  const ready = findCondition(status?.conditions ?? [], 'Ready');
  return (
    ready?.status === 'True' &&
    status?.observedGeneration === metadata.generation &&
    status?.mayMissUntil === undefined
  );
}

function textOf({ spec }: IdentityAttachment): string {
  return JSON.stringify(spec.target.selector);
}
