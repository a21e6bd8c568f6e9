import {
  CONFIRM_ORPHANS_ANNOTATION,
  DEFAULT_SWEEP,
  MADE_HERE_ANNOTATION,
  type OrphanSweep,
} from '../../api/orphan-sweep.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import type { SweepSpec } from '../../orphans/spec.ts';
import { parseDuration } from '../../policy/grants.ts';

/** What an OrphanSweep asks for, in numbers; what it leaves out is as the API server fills it in. */
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
