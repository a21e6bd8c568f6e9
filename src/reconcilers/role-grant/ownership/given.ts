import { isFinalized } from '../../../api/schema/common.ts';
import { sameText } from '../../../azure/names/text.ts';
import { keyOf } from '../../../kube/types.ts';
import { type PolicySources, policyFor } from '../../../policy/evaluate.ts';
import type { Stores } from '../../stores.ts';
import { type EndDeps, recordOf } from '../ends/ends.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment } from '../observed.ts';
import { type Granted, hasPrincipal, type MayAskForDeps, mayAskFor } from '../target/may-ask-for.ts';
import { isAsked, requestOf, roleTypeOf } from '../target/target.ts';
import { type GrantedHere, markOf, sameCondition } from './owners.ts';

/**
 * What says, besides a ledger, that an object was given an assignment: the mark that Azure shows on it, the record of its end in
 * azid's namespace, or a spec that a policy allows today. A ledger may have been forged while no azid ran, and a spec is a wish that
 * anybody may write, so neither says it alone, nor both together where the policies deny the wish (docs/guarantees.md G25).
 */

interface MayBeAllowedDeps extends MayAskForDeps, EndDeps {
  readonly stores: MayAskForDeps['stores'] & EndDeps['stores'] & PolicySources & Pick<Stores, 'grants'>;
  readonly installationId: string;
}

export interface GivenDeps extends MayBeAllowedDeps {
  /** What this process itself saw to be whose. */
  readonly granted: Pick<GrantedHere, 'has'>;
}

/**
 * A policy allows the object what the assignment grants, or that is not known just now. Asked of an object whose spec
 * may mean the assignment: if it does, this is what it asks for, also where its identity or role cannot be read.
 */
export function mayBeAllowed(
  object: RoleGrant,
  { roleGuid, principalId }: Granted,
  { stores, roles }: MayBeAllowedDeps,
): boolean {
  const { scope, role } = object.spec;
  const policy = policyFor(object, stores);
  if (policy.unseen) return true;
  if (!policy.allowsAnyGrantAt(scope).allowed) return false;
  const known = roleGuid === undefined ? [] : (roles.held?.() ?? []);
  const found = known.find(({ guid }) => sameText(guid, roleGuid ?? ''));
  if (!found || principalId === undefined) return true;
  const seen = { role: { type: roleTypeOf(found) } };
  // A built-in role may have been renamed since object and policy named it.
  return [found.roleName, role.name ?? found.roleName].some((roleName) => {
    const request = requestOf(object, { roleGuid: found.guid, roleName, scope, principalId }, seen);
    return policy.allowsGrant(request).allowed;
  });
}

/**
 * `ofNobody`: nothing but the ledger claims it, and Azure shows nothing that has its principal: that of an identity
 * that is gone, of the object's own, which Azure has yet to show, or of an app.
 */
type Given = 'given' | 'notGiven' | 'ofNobody';

/**
 * Whether an assignment of the object's ledger is, or was, its own: by a mark or a name that proves it, else by what
 * it grants, where the principal is known to be the object's or this process saw it granted, and the policies allow
 * that. But not against a mark that names another object alone; and where the policies deny it, neither against one
 * of several while the first of them lives, who takes it away. That nothing shows the principal proves nothing:
 * Azure's lists have no apps.
 */
export function wasGiven(object: RoleGrant, id: string, shown: SeenAssignment, deps: GivenDeps): Given {
  const mark = markOf(shown.description, deps.installationId);
  if (mark?.key === keyOf(object) || isNamed(id, object, deps)) return 'given';
  if (mark?.alone || !mayAskFor(object, shown, deps)) return 'notGiven';
  const first = mark && deps.stores.grants.get(mark.key);
  const lives = first !== undefined && !isFinalized(first);
  const isKnown = hasPrincipal(shown.principalId, deps) || deps.granted.has(object, id);
  // An app is named by its id, which anybody may do: only a policy distinguishes the object that was given it from
  // one that claims it.
  const isNamedById = object.spec.principal.id !== undefined;
  if (!isKnown && !isNamedById && !(lives && sameIdentity(object, first))) return 'ofNobody';
  const isFree = !lives && (isKnown || !isNamedById);
  return isFree || mayBeAllowed(object, shown, deps) ? 'given' : 'notGiven';
}

/** The owner that the mark names was given it for an identity to which the object refers as well. */
function sameIdentity(object: RoleGrant, other: RoleGrant): boolean {
  const referred = ({ metadata, spec: { principal } }: RoleGrant) =>
    principal.identityRef && [
      metadata.namespace,
      principal.identityRef.kind ?? '',
      principal.identityRef.name,
    ];
  const mine = referred(object);
  return mine !== undefined && mine.join('/') === referred(other)?.join('/');
}

interface Claimed {
  /** Of the assignment, under each of the names that it may have. */
  readonly ids: readonly string[];
  /** As Azure shows it, where it does. */
  readonly shown: SeenAssignment | undefined;
  /** The mark that Azure shows on it names the object. */
  readonly marked: boolean;
  /** The record of its end names the object. */
  readonly recorded: boolean;
  /** What the object asks for is known, and it is this assignment; else it only may be. */
  readonly known: boolean;
  /** A policy allows it, or that is not known. */
  readonly mayHave: boolean;
}

/**
 * Whether a co-owner has the assignment, for others that ask: its ledger names it, and the mark, the record of its
 * end or the policies bear it out. Where the ledger was lost, the record counts, or the mark of one that may have it,
 * if what stands is as it declares.
 */
export function holdsIt(
  object: RoleGrant,
  { ids, shown, marked, recorded, known, mayHave }: Claimed,
): boolean {
  if (object.status?.ledger?.some((each) => isAsked({ ids }, each))) return recorded || marked || mayHave;
  if (!shown || !(recorded || (marked && mayHave))) return false;
  return !known || sameCondition(object.spec.condition?.expression, shown.condition);
}

function isNamed(id: string, { metadata: { uid } }: RoleGrant, deps: EndDeps): boolean {
  return recordOf(id, deps)?.spec.owners.some((each) => each.uid === uid) ?? false;
}
