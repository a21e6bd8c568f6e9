import { z } from 'zod';
import { KEY_CASES } from '../hosts/types.ts';
import type { Spread } from '../random.ts';

/**
 * Everything about the simulated Azure that can be set (src/simulator/README.md). What is unsure about Azure is a knob
 * with a default, so tests can run both ways. All times are ms of the injected clock unless the name says seconds.
 */
const ms = z.number().min(0);
const spread = z.union([
  ms,
  z.strictObject({ min: ms, max: ms, share: z.number().min(0).max(1).optional() }),
]) satisfies z.ZodType<Spread>;

const groups = {
  /** By operation id (`identities.createOrUpdate`), `default` for all others, `token` for the token endpoint. */
  latencyMs: z.record(z.string(), spread),
  propagation: z.strictObject({
    /** Until a list shows a write. */
    listLagMs: spread,
    /** Window after a creation in which a GET answers 404. */
    readAfterWriteMs: spread,
    /** Until a grant acts for tokens issued before it (docs/azure-facts.md section 5: up to 10 minutes). */
    grantEffectMs: spread,
    /** Until an assignment of a policy is evaluated everywhere. */
    policyEffectMs: spread,
    /** Until a federated credential is accepted at the token endpoint (docs/azure-facts.md section 4: some minutes). */
    federationEffectMs: spread,
    /** Until the role assignment service finds a new principal (docs/azure-facts.md section 5: 22 to 32 s). */
    directoryReplicationMs: spread,
    /** Age of the copy behind Resource Graph and listAssociatedResources. */
    resourceGraphLagMs: spread,
    /** Until the Activity Log shows a record (docs/azure-facts.md section 16.2). */
    activityLogLagMs: spread,
    /** Until Graph shows a sign-in. */
    signInLagMs: spread,
  }),
  throttling: z.strictObject({
    /** ARM's buckets per subscription, caller and kind, and per tenant (docs/azure-facts.md section 9). */
    arm: z.boolean(),
    /** The managed-identity provider's own limits per resource, subscription and tenant (docs/azure-facts.md section 9). */
    identityProvider: z.boolean(),
    /** The compute provider's own limit of about 12 updates per virtual machine (docs/azure-facts.md section 7). */
    compute: z.boolean(),
    /** Resource Graph's queries of a caller: 15 in 5 s (docs/azure-facts.md section 6). */
    resourceGraph: z.boolean(),
    /** false: 429 comes without `Retry-After`. */
    retryAfterHeader: z.boolean(),
  }),
  paging: z.strictObject({ pageSize: z.number().int().min(1) }),
  token: z.strictObject({
    lifetimeSeconds: z.number().int().min(1),
    /** How many more ARM calls get 401 `insufficient_claims` (docs/azure-facts.md section 15); counts down. */
    claimsChallenges: z.number().int().min(0),
  }),
  identities: z.strictObject({
    /** What PATCH does with tags it does not name. */
    patchTags: z.enum(['replace', 'merge']),
    /** For so long after a DELETE a PUT of the same id is refused as a pending delete (docs/azure-facts.md section 6). */
    pendingDeleteMs: ms,
  }),
  directory: z.strictObject({
    /** What becomes of the principal of an identity that is deleted: restorable for 30 days (reported), or gone. */
    deletion: z.enum(['soft', 'for-good']),
  }),
  authorization: z.strictObject({
    /** Status of a PUT of an assignment that is there: 201, with another `createdOn` (traffic), or 200 with the old one. */
    equalPutStatus: z.union([z.literal(200), z.literal(201)]),
    /** `RoleAssignmentExists` with the id (newer text) or without (older). */
    existsMessage: z.enum(['with-id', 'without-id']),
    /** PrincipalNotFound even when principalType was sent (reported). */
    principalNotFoundDespiteType: z.boolean(),
    /** Answer to a DELETE under a scope that is gone (reported 403). */
    goneScopeDelete: z.union([z.literal(403), z.literal(404)]),
    /** An unfiltered list also shows what lies below the scope (unsure). */
    unfilteredListsBelow: z.boolean(),
    /** Role definition ids in answers with or without the subscription prefix. */
    roleIdPrefix: z.enum(['subscription', 'none']),
    assignmentsPerSubscription: z.number().int().min(1),
  }),
  federation: z.strictObject({
    /** HTTP status of the 21st credential (unsure). */
    limitStatus: z.number().int().min(400).max(599),
    perIdentity: z.number().int().min(1),
    /** Regions that answer 405 (docs/azure-facts.md section 4). */
    unsupportedRegions: z.array(z.string()),
  }),
  /** Resources that carry identities. Types are spelt as in `hosts/types.ts`. */
  hosts: z.strictObject({
    /** Whether answers and GET show the new state while the operation runs (traffic, of the answers), or at its end. */
    identityShows: z.enum(['at-end', 'at-start']),
    /** What a write that failed or was cancelled leaves on the resource: what was there before, or the new state (unsure). */
    failedWriteLeaves: z.enum(['old', 'new']),
    /** How a type spells the keys of `userAssignedIdentities`, where it shall differ from the table. */
    keyCase: z.record(z.string(), z.enum(KEY_CASES)),
    /** Types that refuse a key in another case than GET shows (reported of AKS). */
    strictKeyCase: z.array(z.string()),
    /** Types that answer success to `type: SystemAssigned` and keep what was attached (reported of API Management). */
    keepsRemoved: z.array(z.string()),
    /** Types whose PUT refuses properties that only the service sets (unsure); others ignore them. */
    refusesReadOnly: z.array(z.string()),
    /** `assign/action` is asked for identities that are new to the host, or for all that are named (unsure). */
    linkedAccess: z.enum(['added', 'named']),
    /** A write fails for identities that are gone: those it names, or also those the host still holds (unsure). */
    deadEntriesFail: z.enum(['named', 'held']),
    /** What GET shows of an identity that is gone or was made again: null ids, or the old ones. */
    deadEntriesShow: z.enum(['nulls', 'old-ids']),
    /** For so long after the deletion of an identity or a host its namesake cannot get an identity (docs/azure-facts.md section 6). */
    pendingDeleteMs: ms,
    /** Status of a PATCH of a site; with 202 the work goes on and nothing reports when it is done. */
    siteWriteStatus: z.union([z.literal(200), z.literal(202)]),
    /** `Retry-After` of operations in seconds; 0 = without the header. */
    pollSeconds: z.number().int().min(0),
    /** Whether the generic list fills `identity` (unsure). */
    genericListIdentity: z.boolean(),
    /** Types whose own list leaves `identity` out (unsure that every provider fills it). */
    listsWithoutIdentity: z.array(z.string()),
    /** Lists spell the group's name in upper case, GET as it was made (case is not stable, docs/azure-facts.md section 2). */
    upperCaseGroupsInLists: z.boolean(),
    /** A failed swap switches the system-assigned identity of the slot off (reported). */
    failedSwapSwitchesOff: z.boolean(),
  }),
  resourceGraph: z.strictObject({
    /** Rows of an answer, at most 1,000. */
    pageSize: z.number().int().min(1).max(1000),
    /** false: an answer that is cut off says so, and gives no `$skipToken`, as where paging is not possible. */
    paging: z.boolean(),
  }),
  /** Event Grid (docs/azure-facts.md section 10). Where nothing is published, the defaults are guesses. */
  events: z.strictObject({
    /** Until an event is delivered. Nothing is published; one that is drawn longer comes after a later one. */
    lagMs: spread,
    /** This share of the events is delivered twice: delivery is at least once. */
    duplicateShare: z.number().min(0).max(1),
    /** This share is lost. */
    lossShare: z.number().min(0).max(1),
    /** Whether events carry the request: documentation has it for updates and deletions alone. */
    httpRequest: z.enum(['not-of-creations', 'always', 'never']),
    /** How `data.operationName` is spelt. */
    operationNames: z.enum(['as-published', 'lower', 'upper']),
    /** How subjects are spelt; the documented samples have `resourcegroups` in writes and `resourceGroups` in deletions. */
    subjects: z.enum(['as-documented', 'as-sent', 'lower', 'upper']),
    /** A deleted group makes an event for each resource in it (unsure), or one for itself alone. */
    groupDeletion: z.enum(['children', 'group']),
    /** Federated credentials make events (unsure). */
    credentials: z.boolean(),
    /** A message is one event as an object, or an array of one (unsure). */
    body: z.enum(['object', 'array']),
  }),
  serviceBus: z.strictObject({
    /** Whether a message's lock ends with the link it came on, or goes on until it expires (reported both ways). */
    locksEndWithLink: z.boolean(),
  }),
};

export const knobSchema = z.strictObject(groups);
/** Every group may be given in part. */
export const knobPatchSchema = z.strictObject({
  latencyMs: groups.latencyMs.optional(),
  propagation: groups.propagation.partial().optional(),
  throttling: groups.throttling.partial().optional(),
  paging: groups.paging.partial().optional(),
  token: groups.token.partial().optional(),
  identities: groups.identities.partial().optional(),
  directory: groups.directory.partial().optional(),
  authorization: groups.authorization.partial().optional(),
  federation: groups.federation.partial().optional(),
  hosts: groups.hosts.partial().optional(),
  resourceGraph: groups.resourceGraph.partial().optional(),
  events: groups.events.partial().optional(),
  serviceBus: groups.serviceBus.partial().optional(),
});

export type KnobValues = z.infer<typeof knobSchema>;
export type KnobPatch = z.infer<typeof knobPatchSchema>;
