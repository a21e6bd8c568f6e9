import type { OrphanRecordSpec } from '../../../api/orphan-record.ts';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { parseCredentialId } from '../../../azure/azure-federated-credential.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import { parseAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { MARK, tag } from '../../../azure/names/identity-marks.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { asciiLower, sameText } from '../../../azure/names/text.ts';
import type { RetainedEntry } from '../../../orphans/records/retained-index.ts';
import type { Services } from '../../services.ts';
import { failureOf } from '../../status/failure.ts';
import { areaOf } from '../observe/observation.ts';
import { type SweptScope, scopeOf } from '../settings.ts';

/** What is on record and may be gone from Azure: asked for by a GET, some in each run. */

/** A list lags, and a write of a process that died may be under way: what is not there now is asked for again so much later, ms. */
export const ABSENT_MS = 3_600_000;
/** So many of each are asked for in a run. */
const ASKED = 20;

/**
 * What is on record as retained, and was deleted in Azure by another tool: its entry would be believed of another thing that is made
 * under the same id. An object that lives keeps its own entries, since the record comes before the thing.
 *
 * @param absent since when each was not there, monotonic ms: of this process
 */
export async function goneRetained(
  swept: readonly SweptScope[],
  absent: Map<RetainedEntry, number>,
  context: CallContext,
  deps: Services,
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
    if (await isGone(entry.key, isOwnedBy(entry), context, deps)) gone.add(entry);
    // It is asked for again when others had their turn.
    else absent.set(entry, now);
  return gone;
}

function livingUids({ stores }: Services): ReadonlySet<string> {
  const { identities, grants, credentials } = stores;
  const all = [...identities.values(), ...grants.values(), ...credentials.values()];
  return new Set(all.map(({ metadata }) => asciiLower(metadata.uid)));
}

function isShown({ key, uid }: RetainedEntry, deps: Services): boolean {
  const type = typeOf(key);
  if (type === 'RoleAssignment') return deps.assignmentCache.observe(key).state === 'present';
  if (type === 'FederatedIdentityCredential') {
    const content = deps.credentialCache.content(armKey(parseCredentialId(key).identityId));
    return content.state === 'known' && content.resources.some((each) => each.key === key);
  }
  return deps.identityCache.byIndex('marks', { [MARK.ownerUid]: uid }).length > 0;
}

function isOwnedBy({ uid }: RetainedEntry): (identity: AzureIdentity) => boolean {
  return ({ tags }) => sameText(tag(tags, MARK.ownerUid) ?? '', uid);
}

/**
 * Records without a deletion whose thing is gone, the newest: a process died between the DELETE and what reports it. That the
 * identity of a principal ended is believed of a record that says so, and only such ones count as what an identity had.
 */
export async function unconfirmedRecords(
  swept: readonly SweptScope[],
  context: CallContext,
  deps: Services,
): Promise<Set<string>> {
  const open = deps.stores.orphanRecords
    .values()
    .filter(
      ({ spec }) =>
        spec.deletion === undefined &&
        // By hand a record may say one type and name another: its thing is none that azid has deleted.
        typeOf(spec.id) === spec.type &&
        spec.installationId === deps.installationId &&
        scopeOf(spec.id, swept) !== undefined,
    )
    .toSorted((a, b) => (a.spec.recordedAt < b.spec.recordedAt ? 1 : -1))
    .slice(0, ASKED);
  const names = new Set<string>();
  for (const record of open) {
    const { id, identity } = record.spec;
    const isSame = ({ principalId }: AzureIdentity) => sameText(principalId, identity?.principalId ?? '');
    if (await isGone(id, isSame, context, deps)) names.add(record.metadata.name);
  }
  return names;
}

/** @param isSame whether an identity under the id is still the one that is meant */
async function isGone(
  id: string,
  isSame: (identity: AzureIdentity) => boolean,
  context: CallContext,
  deps: Services,
): Promise<boolean> {
  try {
    const type = typeOf(id);
    if (type === 'RoleAssignment') {
      const { scope, name } = parseAssignmentId(id);
      return !(await deps.assignments.get(scope, name, context)).found;
    }
    if (type === 'FederatedIdentityCredential') {
      const { identityId, name } = parseCredentialId(id);
      return !(await deps.credentials.get(identityId, name, context)).found;
    }
    const got = await deps.identities.get(id, context);
    return !got.found || !isSame(got.identity);
  } catch (error) {
    // What cannot be read now is asked for in the next run; what is no id never was azid's.
    if (error instanceof TypeError || failureOf(error)) return false;
    throw error;
  }
}

function typeOf(id: string): OrphanRecordSpec['type'] {
  const key = armKey(id);
  if (ASSIGNMENT.test(key)) return 'RoleAssignment';
  return CREDENTIAL.test(key) ? 'FederatedIdentityCredential' : 'Identity';
}

const ASSIGNMENT = /\/providers\/microsoft\.authorization\/roleassignments\/[^/]+$/;
const CREDENTIAL = /\/federatedidentitycredentials\/[^/]+$/;
