import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { parseCredentialId } from '../../../azure/azure-federated-credential.ts';
import { parseAssignmentId } from '../../../azure/azure-role-assignment.ts';
import type { FederatedCredentials } from '../../../azure/federated-credentials.ts';
import type { Identities } from '../../../azure/identities.ts';
import { asciiLower, sameText } from '../../../azure/names/ascii.ts';
import { MARK, tag } from '../../../azure/names/identity-marks.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../../azure/role-assignments.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { RetainedRecords } from '../../../orphans/records/retained.ts';
import type { RetainedEntry } from '../../../orphans/records/retained-index.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import { failureOf } from '../../status/failure.ts';
import type { Stores } from '../../stores.ts';
import { type AreasDeps, areaOf } from '../observe/areas.ts';
import type { SweptScope } from '../scopes.ts';

export interface GoneDeps extends AreasDeps {
  readonly identityCache: AreasDeps['identityCache'] & Pick<IdentityCache, 'byIndex'>;
  readonly assignmentCache: AreasDeps['assignmentCache'] & Pick<AssignmentCache, 'observe'>;
  readonly credentialCache: Pick<CredentialCache, 'content'>;
  readonly identities: Pick<Identities, 'get'>;
  readonly assignments: Pick<RoleAssignments, 'get'>;
  readonly credentials: Pick<FederatedCredentials, 'get'>;
  readonly retained: Pick<RetainedRecords, 'within'>;
  readonly stores: Pick<Stores, 'identities' | 'grants' | 'credentials'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A list lags, and a write of a process that died may be under way: what is not there now is asked for again so much later, ms. */
export const ABSENT_MS = 3_600_000;
/** So many are asked for in a run. */
const ASKED = 20;

/**
 * What is on record as retained, and was deleted in Azure by whoever may: its entry would be believed of another that is made under the
 * same id. An object that lives keeps its own entries, since the record comes before the thing.
 *
 * @param absent since when each was not there, monotonic ms: of this process
 */
export async function goneRetained(
  swept: readonly SweptScope[],
  absent: Map<RetainedEntry, number>,
  context: CallContext,
  deps: GoneDeps,
): Promise<ReadonlySet<RetainedEntry>> {
  const living = livingUids(deps);
  const now = deps.clock.monotonic();
  const entries = swept
    .filter((each) => areaOf(each, deps).state === 'complete')
    .flatMap(({ scope }) => deps.retained.within(scope))
    .filter((entry) => !living.has(asciiLower(entry.uid)) && !isShown(entry, deps));
  const known = new Set(entries);
  for (const entry of absent.keys()) if (!known.has(entry)) absent.delete(entry);
  for (const entry of entries) if (!absent.has(entry)) absent.set(entry, now);
  const due = entries.filter((entry) => now - (absent.get(entry) ?? now) >= ABSENT_MS).slice(0, ASKED);
  const gone = new Set<RetainedEntry>();
  for (const entry of due)
    if (await isGone(entry, context, deps)) gone.add(entry);
    // It is asked for again when others had their turn.
    else absent.set(entry, now);
  return gone;
}

function livingUids({ stores }: GoneDeps): ReadonlySet<string> {
  const { identities, grants, credentials } = stores;
  const all = [...identities.values(), ...grants.values(), ...credentials.values()];
  return new Set(all.map(({ metadata }) => asciiLower(metadata.uid)));
}

function isShown({ key, uid }: RetainedEntry, deps: GoneDeps): boolean {
  if (ASSIGNMENT.test(key)) return deps.assignmentCache.observe(key).state === 'present';
  if (CREDENTIAL.test(key)) {
    const content = deps.credentialCache.content(armKey(parseCredentialId(key).identityId));
    return content.state === 'known' && content.resources.some((each) => each.key === key);
  }
  return deps.identityCache.byIndex('marks', { [MARK.ownerUid]: uid }).length > 0;
}

async function isGone({ key, uid }: RetainedEntry, context: CallContext, deps: GoneDeps): Promise<boolean> {
  try {
    if (ASSIGNMENT.test(key)) {
      const { scope, name } = parseAssignmentId(key);
      return !(await deps.assignments.get(scope, name, context)).found;
    }
    if (CREDENTIAL.test(key)) {
      const { identityId, name } = parseCredentialId(key);
      return !(await deps.credentials.get(identityId, name, context)).found;
    }
    const got = await deps.identities.get(key, context);
    return !got.found || !sameText(tag(got.identity.tags, MARK.ownerUid) ?? '', uid);
  } catch (error) {
    // What cannot be read, or is no id, stays on record.
    if (error instanceof TypeError || failureOf(error)) return false;
    throw error;
  }
}

const ASSIGNMENT = /\/providers\/microsoft\.authorization\/roleassignments\/[^/]+$/;
const CREDENTIAL = /\/federatedidentitycredentials\/[^/]+$/;
