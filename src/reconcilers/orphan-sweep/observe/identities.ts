import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import { isCredentialOfInstallation } from '../../../azure/names/credential-name.ts';
import { MARK, makersIn, tag } from '../../../azure/names/identity-marks.ts';
import { asciiLower } from '../../../azure/names/text.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { Objects } from '../../../orphans/objects.ts';
import type {
  Hanging,
  ObservedCredential,
  ObservedIdentity,
  ObservedOwner,
} from '../../../orphans/observed.ts';
import { assignmentOwner, credentialOwner, identityOwner } from '../../../orphans/owners.ts';
import { credentialInstance, identityInstance } from '../../../orphans/traits.ts';
import { type SweptScope, scopeOf, subscriptionsOf } from '../settings.ts';
import { isOurs } from './assignments.ts';

interface IdentitiesDeps {
  readonly identityCache: Pick<IdentityCache, 'present'>;
  readonly assignmentCache: Pick<AssignmentCache, 'byIndex'>;
  readonly credentialCache: Pick<CredentialCache, 'content'>;
  readonly hostCache: Pick<HostCache, 'byIndex'>;
  readonly installationId: string;
}

/** Resources that carry identities, in all subscriptions that azid may read. */
export type Attached =
  | { readonly state: 'read'; readonly of: ReadonlyMap<string, readonly string[]> }
  | { readonly state: 'unread'; readonly why: string };

/** Those with any mark of azid. */
function markedIdentities(
  swept: readonly SweptScope[],
  { identityCache }: Pick<IdentitiesDeps, 'identityCache'>,
): readonly { readonly identity: AzureIdentity; readonly scope: string }[] {
  return subscriptionsOf(swept)
    .flatMap((subscriptionId) => identityCache.present(subscriptionId))
    .flatMap((identity) => {
      const scope = isMarked(identity) ? scopeOf(identity.id, swept) : undefined;
      return scope === undefined ? [] : [{ identity, scope }];
    });
}

const MARKS: ReadonlySet<string> = new Set(Object.values(MARK));

function isMarked({ tags }: AzureIdentity): boolean {
  return Object.keys(tags).some((name) => MARKS.has(asciiLower(name)));
}

/** @param unusedSince by key, as it was remembered: since when nothing was seen to use it */
export function observeIdentities(
  swept: readonly SweptScope[],
  objects: Objects,
  attached: Attached,
  unusedSince: (identity: AzureIdentity, used: boolean) => number | undefined,
  deps: IdentitiesDeps,
): ObservedIdentity[] {
  return markedIdentities(swept, deps).map(({ identity, scope }) => {
    const { id, key, principalId, clientId, tags } = identity;
    const owner = identityOwner(identity, deps.installationId, objects);
    const { hanging, leftovers } = hangingOn(identity, objects, attached, deps);
    const since =
      owner.state === 'living'
        ? unusedSince(identity, hanging.length > 0 || leftovers.length > 0 || isReferredTo(identity, objects))
        : undefined;
    return {
      id,
      key,
      scope,
      owner,
      instance: identityInstance(identity),
      madeBy: makersIn(tags),
      principalId,
      clientId,
      tags,
      hanging,
      leftovers,
      ...(since !== undefined && { unusedSince: since }),
    };
  });
}

/** What keeps it, and what azid made on it that no object owns. Its credentials, where no list has them, are read before its deletion. */
function hangingOn(
  identity: AzureIdentity,
  objects: Objects,
  attached: Attached,
  { assignmentCache, credentialCache, hostCache, installationId }: IdentitiesDeps,
): { readonly hanging: readonly Hanging[]; readonly leftovers: readonly string[] } {
  const { key, principalId } = identity;
  const hanging: Hanging[] = [];
  const leftovers: string[] = [];
  const resources = new Map(hostCache.byIndex('identity', key).map((host) => [asciiLower(host.id), host.id]));
  if (attached.state === 'read')
    for (const id of attached.of.get(key) ?? []) resources.set(asciiLower(id), id);
  for (const name of resources.values()) hanging.push({ what: 'resource', name });
  if (principalId !== '')
    for (const each of assignmentCache.byIndex('principal', principalId)) {
      const isLeftover =
        isOurs(each, installationId) && assignmentOwner(each, installationId, objects).state === 'gone';
      if (isLeftover) leftovers.push(each.id);
      else hanging.push({ what: 'roleAssignment', name: each.id });
    }
  const credentials = credentialCache.content(key);
  if (credentials.state === 'known')
    for (const each of credentials.resources) {
      const isOwn =
        isCredentialOfInstallation(each.name, installationId) &&
        credentialOwner(each, installationId, objects).state === 'gone';
      if (!isOwn) hanging.push({ what: 'federatedCredential', name: each.id });
    }
  if (attached.state === 'unread') hanging.push({ what: 'unread', name: attached.why });
  return { hanging, leftovers: leftovers.toSorted() };
}

/** Any object besides its own refers to it. */
function isReferredTo(identity: AzureIdentity, objects: Objects): boolean {
  const [namespace = '', name = ''] = (tag(identity.tags, MARK.owner) ?? '').split('/');
  return objects.referrersOf(identity).length > 0 || objects.referrersByName(namespace, name).length > 0;
}

/**
 * Credentials that this installation made, on identities of any owner, but for one that is to be deleted and that nothing keeps: its
 * credentials go with it.
 */
export function observeCredentials(
  identities: readonly ObservedIdentity[],
  objects: Objects,
  { credentialCache, installationId }: Pick<IdentitiesDeps, 'credentialCache' | 'installationId'>,
): ObservedCredential[] {
  return identities
    .filter(({ owner, hanging }) => owner.state !== 'gone' || hanging.length > 0)
    .flatMap(({ id: identityId, key, scope, principalId, owner: holder, madeBy }) => {
      const content = credentialCache.content(key);
      if (content.state !== 'known') return [];
      return content.resources
        .filter(({ name }) => isCredentialOfInstallation(name, installationId))
        .map((each) => ({
          id: each.id,
          key: each.key,
          scope,
          owner: onRetained(holder, credentialOwner(each, installationId, objects)),
          instance: credentialInstance(principalId, each),
          madeBy,
          identityId,
          principalId,
          name: each.name,
          issuer: each.issuer,
          subject: each.subject,
        }));
    });
}

/**
 * What was retained was to stay as it is, credentials included, and so was what `azid restore` made again: nothing shows whether this is
 * one of them.
 */
function onRetained(holder: ObservedOwner, owner: ObservedOwner): ObservedOwner {
  if (holder.state !== 'retained' || owner.state !== 'gone') return owner;
  const why = `its identity was retained from ${holder.owner}, and it may belong to that; delete it by hand if nobody signs in by it`;
  return { state: 'unknown', why };
}
