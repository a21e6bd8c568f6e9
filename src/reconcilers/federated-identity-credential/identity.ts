import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { Identities } from '../../azure/identities.ts';
import { parseIdentityId } from '../../azure/resource-id.ts';
import type { Store } from '../../kube/store.ts';
import type { IdentityMirror } from '../../mirror/mirror.ts';
import { failureOf } from '../failure.ts';
import type { VisitContext } from '../kind.ts';
import { ownershipOf } from '../marks.ts';
import type { IdentityView } from './facts.ts';

/** The identity behind a reference: its object's own, proven by the marks in Azure and not by what a status says. */

export interface IdentityEyes {
  readonly stores: { readonly identities: Pick<Store<UserAssignedIdentity>, 'get'> };
  readonly identities: Pick<Identities, 'get'>;
  readonly mirror: Pick<IdentityMirror, 'observe' | 'loading'>;
  readonly installationId: string;
}

/**
 * Before a write only what Azure itself said this lately counts: an identity that somebody made anew under the same
 * name, or took over, must not get a credential. Fresh enough that 20 objects at once share one read.
 */
const LIVE_MS = 30_000;

/** @param key `namespace/name` of the UserAssignedIdentity */
export async function identityOf(
  key: string,
  context: VisitContext,
  eyes: IdentityEyes,
  live: boolean,
): Promise<IdentityView> {
  const object = eyes.stores.identities.get(key);
  if (!object) return { state: 'waiting', why: 'does not exist' };
  const { id } = object.status ?? {};
  if (id === undefined) return { state: 'waiting', why: whyNotReady(object) };

  const seen = eyes.mirror.observe(id);
  if (seen.state === 'present') {
    const lately = seen.how !== 'list' && seen.ageMs <= LIVE_MS;
    if (lately || !live) return judged(object, seen.identity, eyes, lately);
  } else {
    const { subscriptionId } = parseIdentityId(id);
    // At start-up the list is about to tell of thousands at once; only what somebody waits for is read alone.
    if (seen.state === 'unknown' && context.priority === 'resync' && eyes.mirror.loading(subscriptionId))
      return { state: 'loading', subscriptionId };
    if (seen.state === 'absent' && !live) return gone;
  }
  try {
    const got = await eyes.identities.get(id, context);
    return got.found ? judged(object, got.identity, eyes, true) : gone;
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

const gone: IdentityView = { state: 'waiting', why: 'has no identity in Azure' };

function judged(
  object: UserAssignedIdentity,
  identity: AzureIdentity,
  { installationId }: IdentityEyes,
  live: boolean,
): IdentityView {
  const { namespace = '', name, uid, deletionTimestamp } = object.metadata;
  const ownership = ownershipOf(identity.tags, { installationId, namespace, name, uid });
  if (ownership.state !== 'mine')
    return { state: 'waiting', why: `is not the owner of identity ${identity.id}, going by its tags` };
  return {
    state: 'ready',
    id: object.status?.id ?? identity.id,
    principalId: identity.principalId,
    live,
    deleting: deletionTimestamp !== undefined,
  };
}

function whyNotReady({ status }: UserAssignedIdentity): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready ? `is not ready: ${ready.reason}` : 'is not ready yet';
}
