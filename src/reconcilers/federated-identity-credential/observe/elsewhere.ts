import { MAX_CREDENTIALS } from '../../../azure/federated-credentials.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { Facts, FederatedIdentityCredential, SeenCredential, Sibling } from '../facts.ts';
import { identityKey, nameOf } from '../object.ts';
import { sameName, samePair } from '../trust/place.ts';
import { resolveTrust } from '../trust/trust.ts';
import { type CredentialDeps, heldCredentials, readCredentials } from './credentials.ts';
import { movedAway, type SiblingDeps, siblingsOf } from './siblings.ts';

interface ElsewhereDeps extends CredentialDeps, SiblingDeps {
  readonly proofs: Pick<IdentityProofs, 'prove'>;
  readonly clock: { monotonic(): number };
}

type SeenElsewhere = NonNullable<Facts['elsewhere']>[number];

/**
 * The identities to which those have moved whose credentials are here as yet, and on from there: what such an object waits for may be
 * what this one is to give up. Read only where this object waits for another's, or for a place; what cannot be read is left out.
 */
export async function elsewhereOf(
  object: FederatedIdentityCredential,
  here: { readonly credentials: readonly SeenCredential[]; readonly siblings: readonly Sibling[] },
  context: ReconcileContext,
  deps: ElsewhereDeps,
  common: Pick<Facts, 'clusterIssuer' | 'defaultAudience' | 'policy'>,
  live: boolean,
): Promise<NonNullable<Facts['elsewhere']>> {
  if (!waitsForAnother(object, here, deps, common)) return [];
  const found: SeenElsewhere[] = [];
  const seen = new Set([identityKey(object)]);
  const next = [...targetsOf(here.siblings)];
  for (let key = next.shift(); key !== undefined; key = next.shift()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const observed = await observedOf(key, object, context, deps, common, live);
    if (!observed) continue;
    found.push(observed);
    next.push(...targetsOf(observed.siblings));
  }
  return found;
}

function waitsForAnother(
  object: FederatedIdentityCredential,
  { credentials, siblings }: { credentials: readonly SeenCredential[]; siblings: readonly Sibling[] },
  { installationId }: SiblingDeps,
  { clusterIssuer, defaultAudience }: Pick<Facts, 'clusterIssuer' | 'defaultAudience' | 'policy'>,
): boolean {
  const resolution = resolveTrust(object, clusterIssuer, defaultAudience);
  if (!resolution.resolved || siblings.every(({ movedTo }) => movedTo === undefined)) return false;
  const mine = nameOf(object, installationId);
  const others = credentials.filter(({ name }) => !sameName(name, mine));
  const isFull = others.length >= MAX_CREDENTIALS;
  return isFull || others.some((each) => samePair(each, resolution.trust));
}

function targetsOf(siblings: readonly Sibling[]): readonly string[] {
  return siblings.flatMap(({ movedTo, mayWrite, deleting }) =>
    movedTo !== undefined && mayWrite && !deleting ? movedTo : [],
  );
}

async function observedOf(
  key: string,
  object: FederatedIdentityCredential,
  context: ReconcileContext,
  deps: ElsewhereDeps,
  common: Pick<Facts, 'clusterIssuer' | 'defaultAudience' | 'policy'>,
  live: boolean,
): Promise<SeenElsewhere | undefined> {
  const identity = await deps.proofs.prove(key, context, live);
  if (identity.state !== 'owned') return undefined;
  const held = heldCredentials(identity.id, deps.clock.monotonic() - context.startedAt, deps);
  const read = held && (held.live || !live) ? held : await readCredentials(identity.id, context, deps);
  if (read.state !== 'known') return undefined;
  const siblings = siblingsOf(object, { key, id: identity.id }, deps, common);
  const moved = movedAway(object, read.credentials, siblings, deps, common);
  const isLive = identity.live && read.live;
  return { key, credentials: read.credentials, siblings: [...siblings, ...moved], live: isLive };
}
