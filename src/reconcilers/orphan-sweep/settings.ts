import {
  CONFIRM_ORPHANS_ANNOTATION,
  DEFAULT_SWEEP,
  MADE_HERE_ANNOTATION,
  type OrphanSweep,
} from '../../api/orphan-sweep.ts';
import { armKey, isWithinScope, parseResourceId } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { SweepSpec } from '../../orphans/spec.ts';
import { parseDuration } from '../../policy/grants.ts';
import { ageOf } from '../federated-identity-credential/object.ts';

/** What an OrphanSweep asks for: in numbers, and which scopes; of several with overlapping scopes the older one has the overlap. */

/** In numbers; what it leaves out is as the API server fills it in. */
export function settingsOf({ spec, metadata }: OrphanSweep): SweepSpec {
  const { gracePeriods: grace, limits } = DEFAULT_SWEEP;
  const madeHere = metadata.annotations?.[MADE_HERE_ANNOTATION];
  const confirmed = metadata.annotations?.[CONFIRM_ORPHANS_ANNOTATION];
  return {
    mode: spec.mode ?? DEFAULT_SWEEP.mode,
    gracePeriodsMs: {
      Identity: parseDuration(spec.gracePeriods?.identities ?? grace.identities),
      RoleAssignment: parseDuration(spec.gracePeriods?.assignments ?? grace.assignments),
      FederatedIdentityCredential: parseDuration(spec.gracePeriods?.credentials ?? grace.credentials),
    },
    limits: {
      deletionsPerRun: spec.limits?.deletionsPerRun ?? limits.deletionsPerRun,
      maxShare: spec.limits?.maxShare ?? limits.maxShare,
    },
    ...(spec.unusedAfter !== undefined && { unusedAfterMs: parseDuration(spec.unusedAfter) }),
    ...(confirmed !== undefined && { confirmed }),
    makers: {
      former: (spec.formerPrincipalIds ?? []).map(asciiLower),
      ...(madeHere !== undefined && { madeHere }),
    },
  };
}

export function intervalMs({ spec }: OrphanSweep): number {
  return parseDuration(spec.interval ?? DEFAULT_SWEEP.interval);
}

/** A scope of a sweep, and what of it is left to older sweeps. */
export interface SweptScope {
  readonly scope: string;
  readonly subscriptionId: string;
  /** Scopes of older sweeps that lie within it. */
  readonly without: readonly string[];
}

export interface Scopes {
  readonly swept: readonly SweptScope[];
  /** Wholly within a scope of an older sweep. */
  readonly taken: readonly { readonly scope: string; readonly by: string }[];
}

/** @param all sweeps, this one among them or not */
export function scopesOf(sweep: OrphanSweep, all: readonly OrphanSweep[]): Scopes {
  const older = all.filter(
    (each) => each.metadata.uid !== sweep.metadata.uid && ageOf(each.metadata) < ageOf(sweep.metadata),
  );
  const swept: SweptScope[] = [];
  const taken: { scope: string; by: string }[] = [];
  for (const scope of ownScopes(sweep)) {
    const by = older.find((each) => each.spec.scopes.some((theirs) => isWithinScope(scope, theirs)));
    if (by) taken.push({ scope, by: by.metadata.name });
    else
      swept.push({
        scope,
        subscriptionId: parseResourceId(scope).subscriptionId,
        without: older.flatMap(({ spec }) => spec.scopes.filter((theirs) => isWithinScope(theirs, scope))),
      });
  }
  return { swept, taken };
}

/** One that lies within another of the same sweep is a part of that. */
function ownScopes({ spec }: OrphanSweep): readonly string[] {
  const once = spec.scopes.filter((scope, at, all) => all.findIndex((each) => same(each, scope)) === at);
  return once.filter((scope) => !once.some((other) => !same(other, scope) && isWithinScope(scope, other)));
}

function same(left: string, right: string): boolean {
  return armKey(left) === armKey(right);
}

/** The scope in which something lies; undefined: none of these, or an older sweep's. */
export function scopeOf(id: string, swept: readonly SweptScope[]): string | undefined {
  return swept.find(
    ({ scope, without }) => isWithinScope(id, scope) && !without.some((theirs) => isWithinScope(id, theirs)),
  )?.scope;
}

/** Those whose lists are needed, each once. */
export function subscriptionsOf(swept: readonly SweptScope[]): readonly string[] {
  return [...new Set(swept.map(({ subscriptionId }) => subscriptionId.toLowerCase()))];
}
