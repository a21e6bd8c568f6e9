/** User-assigned identities: one bulk list per subscription in use. */
import { type AzureIdentity, sameContent, sameInstance } from '../azure/azure-identity.ts';
import type { Identities } from '../azure/identities.ts';
import { parseResourceId } from '../azure/names/resource-id.ts';
import { asciiLower } from '../azure/names/text.ts';
import type { Permissions } from '../azure/permissions.ts';
import { TEXTS } from '../runtime/shared-texts.ts';
import type { AzureCache } from './azure-cache.ts';
import type { CacheDefinition } from './definition.ts';
import type { Index } from './store/entries.ts';
import type { Observation } from './store/entry.ts';

export interface IdentityQueries {
  /** Marks of azid: tags that begin with `azid-`, all of those given. */
  readonly marks: Readonly<Record<string, string>>;
  /** Azure uses no principal twice. */
  readonly principal: string;
}

/** Areas are subscriptions, named by their ids in any case. */
export type IdentityCache = AzureCache<AzureIdentity, IdentityQueries>;
export type IdentityObservation = Observation<AzureIdentity>;

export const READ_ACTION = 'Microsoft.ManagedIdentity/userAssignedIdentities/read';

export function identityDefinition(azure: {
  readonly identities: Pick<Identities, 'get' | 'list' | 'observedBy'>;
  readonly permissions: Pick<Permissions, 'at'>;
}): CacheDefinition<AzureIdentity, IdentityQueries> {
  const { identities, permissions } = azure;
  return {
    name: 'identities',
    plural: 'identities',
    indexes: {
      marks: MARKS,
      principal: {
        termsOf: ({ principalId }) => (principalId === '' ? [] : [principalId.toLowerCase()]),
        termsFor: (principalId) => [principalId.trim().toLowerCase()],
      },
    },
    areaOf: (id) => parseResourceId(id).subscriptionId.toLowerCase(),
    areaNamed: (subscriptionId) => subscriptionId.toLowerCase(),
    describe: (subscriptionId) => `subscription ${subscriptionId}`,
    placeOf: (subscription) => ({ subscription, part: '' }),
    sameContent,
    sameInstance,
    kept: sharing,
    read: (id, context) => identities.get(id, context),
    async *list(subscriptionId, context) {
      for await (const page of identities.list(subscriptionId, context))
        yield { found: page.identities, requestedAt: page.requestedAt };
    },
    async missingRight(subscriptionId, signal) {
      const scope = `/subscriptions/${subscriptionId}`;
      const rights = await permissions.at(scope, { priority: 'resync', signal });
      if (rights.allows(READ_ACTION)) return undefined;
      return `azid has no right to ${READ_ACTION} at the whole subscription, so lists may leave identities out`;
    },
    observedBy: (observer) => identities.observedBy(observer),
  };
}

/** Tags that name one object are of one identity only. */
const OWN_TAG = /^azid-owner/i;

function sharing(identity: AzureIdentity): AzureIdentity {
  return {
    ...identity,
    id: TEXTS.of(identity.id),
    key: TEXTS.of(identity.key),
    clientId: TEXTS.of(identity.clientId),
    principalId: TEXTS.of(identity.principalId),
    subscriptionId: TEXTS.of(identity.subscriptionId),
    resourceGroup: TEXTS.of(identity.resourceGroup),
    location: TEXTS.of(identity.location),
    tenantId: TEXTS.of(identity.tenantId),
    tags: Object.fromEntries(
      Object.entries(identity.tags).map(([name, value]) => [
        name,
        OWN_TAG.test(name) ? value : TEXTS.of(value),
      ]),
    ),
  };
}

/** All marks of azid begin so (docs/architecture.md section 6). Other tags are not indexed: nothing queries them. */
const PREFIX = 'azid-';

/** Finds identities by azid's marks, all of those given. Tag names compare without case, values exactly. */
export const MARKS: Index<AzureIdentity, Readonly<Record<string, string>>> = {
  termsOf: ({ tags }) => marksOf(tags),
  termsFor(tags) {
    const marks = marksOf(tags);
    if (marks.length === 0 || marks.length < Object.keys(tags).length)
      throw new TypeError(
        `Expected tags that begin with "${PREFIX}", got ${Object.keys(tags).join(', ') || 'none'}`,
      );
    return marks;
  },
};

function marksOf(tags: Readonly<Record<string, string>>): string[] {
  return Object.entries(tags)
    .filter(([name]) => asciiLower(name).startsWith(PREFIX))
    .map(([name, value]) => `${asciiLower(name)}=${value}`);
}
