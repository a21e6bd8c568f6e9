/** What to do next about one object that is to go. Pure. */
import type { AssignmentExpiry } from '../../api/assignment-expiry.ts';
import { hasFinalizer, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { AtWork } from '../../kube/lease/at-work.ts';
import { findCondition } from '../../runtime/status/conditions.ts';
import type { Found } from '../objects.ts';
import { nameOf } from '../objects.ts';

export interface UninstallMode {
  /**
   * Retain: nothing is deleted in Azure. Delete: as each object says, which is Delete for most; with `overrideRetain` all that azid
   * made, also what objects say is to be retained.
   */
  readonly policy: 'Retain' | 'Delete';
  readonly overrideRetain: boolean;
  /** What Azure refuses is let go at once; without a controller, everything. */
  readonly forceRelease: boolean;
  /** Role assignments that were given for a time stay for good. */
  readonly giveUpEnds: boolean;
}

export interface Plan {
  /** In this order; none: there is only to wait. */
  readonly steps: readonly Step[];
  /** What it waits for, for people; undefined: nothing but the controller's next reconcile. */
  readonly held?: Held;
}

export type Step =
  | { readonly type: 'setDeletionPolicy'; readonly to: 'Retain' | 'Delete' }
  | { readonly type: 'delete' }
  /** The controller is asked to let it go. */
  | { readonly type: 'release'; readonly why: string }
  /** Only where no controller works. */
  | { readonly type: 'takeFinalizer'; readonly why: string };

export interface Held {
  readonly why: string;
  readonly remedy?: string;
  /** It is not revoked before then: no use in waiting. */
  readonly until?: string;
}

export function planOf(found: Found, mode: UninstallMode, atWork: AtWork['state'], now: number): Plan {
  const { object } = found;
  const policy = wantedPolicy(found, mode);
  const change: Step[] = policy === undefined ? [] : [{ type: 'setDeletionPolicy', to: policy }];
  if (!object.metadata.deletionTimestamp) return { steps: [...change, { type: 'delete' }] };
  if (!hasFinalizer(object)) return { steps: [], held: foreign(found) };
  if (atWork === 'none') {
    const why = 'no controller of azid works';
    if (mode.forceRelease) return { steps: [{ type: 'takeFinalizer', why }] };
    return { steps: change, held: { why, remedy: 'start it, or pass --force-release' } };
  }
  if (isReleased(found)) return { steps: change };
  const end = endOf(found);
  if (end !== undefined) {
    const why = `its role assignment was given until ${end}, and azid revokes it then`;
    if (mode.giveUpEnds) return { steps: [{ type: 'release', why: `${why}: given up` }] };
    const held = { why, remedy: 'let azid run until then, or pass --give-up-ends: it then stays for good' };
    return { steps: [], held: Date.parse(end) > now ? { ...held, until: end } : held };
  }
  const refusal = refusalOf(found);
  if (refusal !== undefined && mode.forceRelease)
    return { steps: [...change, { type: 'release', why: refusal }] };
  return { steps: change, ...waitsFor(found, refusal) };
}

/** Undefined: as it is. */
function wantedPolicy({ kind, object }: Found, mode: UninstallMode): 'Retain' | 'Delete' | undefined {
  if (!('deletionPolicy' in kind.spec.shape)) return undefined;
  const is = object.spec.deletionPolicy;
  if (mode.policy === 'Retain') return is === 'Retain' ? undefined : 'Retain';
  return mode.overrideRetain && is === 'Retain' ? 'Delete' : undefined;
}

function isReleased({ object }: Found): boolean {
  return object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true';
}

/** RFC 3339, of the last of those that an AssignmentExpiry records; undefined where nothing of it ends. */
export function endOf({ kind, object }: Found): string | undefined {
  if (kind.resource.kind !== 'AssignmentExpiry') return undefined;
  const { owners } = (object as unknown as AssignmentExpiry).spec;
  const ends = owners.flatMap(({ expiresAt }) => expiresAt ?? []);
  return ends.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

/** Azure's refusal of its deletion, as the controller reports it. */
function refusalOf({ kind, object }: Found): string | undefined {
  // A HostIdentity is kept by what stalls it: nothing else holds it once no object wants anything on its resource.
  const type = kind.resource.kind === 'HostIdentity' ? 'Stalled' : 'DeletionBlocked';
  const held = findCondition(object.status?.conditions ?? [], type);
  return held?.status === 'True' ? `${held.reason}: ${held.message}` : undefined;
}

function waitsFor(found: Found, refusal: string | undefined): Pick<Plan, 'held'> {
  const ready = findCondition(found.object.status?.conditions ?? [], 'Ready');
  if (refusal === undefined && ready?.status !== 'False') return {};
  const why = refusal ?? `${ready?.reason}: ${ready?.message}`;
  const { kind, object } = found;
  const key = [object.metadata.namespace ?? [], object.metadata.name].flat().join('/');
  const remedy = `mend it, or let go of it alone: azid release ${kind.singular} ${key}`;
  return { held: { why, remedy } };
}

function foreign(found: Found): Held {
  const finalizers = found.object.metadata.finalizers ?? [];
  return finalizers.length === 0
    ? { why: 'it is about to be gone' }
    : {
        why: `azid is done with it, and finalizers of others keep it: ${finalizers.join(', ')}`,
        remedy: `whoever set them must take them off ${nameOf(found)}`,
      };
}
