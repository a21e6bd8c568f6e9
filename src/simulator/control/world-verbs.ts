import { z } from 'zod';
import type { AuthorizationPart } from '../authorizer.ts';
import type { Credentials } from '../federation/credentials.ts';
import type { Frame } from '../frame.ts';
import { type Graph, PERMISSIONS } from '../graph/graph.ts';
import type { Identity } from '../identities/identities.ts';
import { shortLocation } from '../resources/locations.ts';
import { ControlError, verb } from './endpoint.ts';

const none = z.strictObject({});
const byId = z.strictObject({ id: z.string() });
const tags = z.record(z.string(), z.string());
const actions = z.array(z.string());
const guid = z.guid();

/** Changes to the world outside of Resource Manager: without rights, locks, buckets or latency. */
export function worldVerbs(
  frame: Frame,
  authorization: AuthorizationPart,
  credentials: Credentials,
  graph: Graph,
  subscriptionId: string,
) {
  const { world, directory, identities } = frame;
  const existing = (id: string): Identity => {
    const identity = identities.get(id);
    if (identity) return identity;
    throw new ControlError(`id: expected the ARM id of an existing user-assigned identity, got '${id}'`);
  };
  return {
    createSubscription: verb(
      z.strictObject({
        id: z.string(),
        displayName: z.string().optional(),
        managementGroup: z.string().optional(),
        /** Another than the one that callers sign in to. */
        tenantId: z.string().optional(),
      }),
      ({ id, displayName, managementGroup, tenantId }) =>
        world.addSubscription({
          id,
          ...(tenantId !== undefined && { tenantId }),
          ...(displayName !== undefined && { displayName }),
          ...(managementGroup !== undefined && { managementGroup }),
        }),
    ),
    createManagementGroup: verb(
      z.strictObject({ name: z.string(), displayName: z.string().optional(), parent: z.string().optional() }),
      ({ name, displayName = name, parent }) =>
        world.addManagementGroup({ name, displayName, ...(parent !== undefined && { parent }) }),
    ),
    createResourceGroup: verb(
      z.strictObject({
        name: z.string(),
        subscriptionId: z.string().optional(),
        location: z.string().optional(),
        tags: tags.optional(),
      }),
      (given) =>
        world.addResourceGroup(
          given.subscriptionId ?? subscriptionId,
          given.name,
          given.location,
          given.tags,
        ),
    ),
    /** With everything in it; at once, not as a long-running operation. */
    deleteResourceGroup: verb(
      z.strictObject({ name: z.string(), subscriptionId: z.string().optional() }),
      (given) => ({ deleted: world.removeResourceGroup(given.subscriptionId ?? subscriptionId, given.name) }),
    ),
    createIdentity: verb(
      z.strictObject({
        name: z.string(),
        resourceGroup: z.string(),
        subscriptionId: z.string().optional(),
        location: z.string().optional(),
        tags: tags.optional(),
        /** Its principal, as it was in another simulation; by default a new one. */
        principalId: guid.optional(),
        clientId: guid.optional(),
      }),
      ({ name, resourceGroup, subscriptionId: given, location = 'westeurope', tags: set, ...as }) => {
        const at = { subscriptionId: given ?? subscriptionId, resourceGroup, name };
        if (!world.resourceGroup(at.subscriptionId, resourceGroup))
          throw new ControlError(
            `resourceGroup: expected an existing resource group, got '${resourceGroup}'`,
          );
        return identities.create(at, shortLocation(location), set ? { tags: set } : {}, {
          ...(as.principalId !== undefined && { objectId: as.principalId }),
          ...(as.clientId !== undefined && { appId: as.clientId }),
        });
      },
    ),
    deleteIdentity: verb(byId, ({ id }) => ({ deleted: identities.delete(id) })),
    /** Deleted and made again at once: same id, new principal. */
    recycleIdentity: verb(byId, ({ id }) => identities.recycle(existing(id).id)),
    /** Replaces the tags; with `merge` only those that are named. */
    tagIdentity: verb(
      z.strictObject({ id: z.string(), tags, merge: z.boolean().optional() }),
      ({ id, tags: set, merge }) => {
        const identity = existing(id);
        return identities.change(identity.id, { tags: merge ? { ...identity.tags, ...set } : set });
      },
    ),
    lock: verb(
      z.strictObject({ scope: z.string(), level: z.enum(['CanNotDelete', 'ReadOnly']) }),
      ({ scope, level }) => world.locks.set(scope, level),
    ),
    unlock: verb(z.strictObject({ scope: z.string() }), ({ scope }) => ({
      unlocked: world.locks.clear(scope),
    })),
    createPrincipal: verb(
      z.strictObject({
        displayName: z.string(),
        type: z.enum(['ServicePrincipal', 'User', 'Group']).optional(),
        /** As it was in another simulation; by default a new one. */
        objectId: guid.optional(),
      }),
      ({ displayName, type, objectId }) =>
        directory.create({
          displayName,
          tenantId: world.tenantId,
          ...(type !== undefined && { type }),
          ...(objectId !== undefined && { objectId }),
        }),
    ),
    /** Soft-deleted, or as the knob has it; with `purge` for good, soft-deleted ones too. */
    deletePrincipal: verb(
      z.strictObject({ objectId: z.string(), purge: z.boolean().optional() }),
      ({ objectId, purge }) => ({
        deleted: directory.delete(objectId, purge === undefined ? {} : { purge }),
      }),
    ),
    restorePrincipal: verb(z.strictObject({ objectId: z.string() }), ({ objectId }) => ({
      restored: directory.restore(objectId),
    })),
    grant: verb(
      z.strictObject({
        principalId: z.string(),
        role: z.string(),
        scope: z.string(),
        condition: z.string().optional(),
      }),
      ({ condition, ...grant }) => ({
        id: authorization.grant({ ...grant, ...(condition !== undefined && { condition }) }),
      }),
    ),
    dropRights: verb(z.strictObject({ principalId: z.string() }), ({ principalId }) => ({
      dropped: authorization.dropRights(principalId),
    })),
    defineRole: verb(
      z.strictObject({
        roleName: z.string(),
        actions,
        notActions: actions.default([]),
        dataActions: actions.default([]),
        notDataActions: actions.default([]),
        assignableScopes: z.array(z.string()).default(['/']),
      }),
      (role) => {
        try {
          return { id: authorization.defineRole(role) };
        } catch (error) {
          // A built-in role's name, or an id that is none.
          throw new ControlError(`defineRole: ${error instanceof Error ? error.message : error}`);
        }
      },
    ),
    deny: verb(z.strictObject({ principalId: z.string(), scope: z.string(), actions }), (deny) => ({
      id: authorization.deny(deny),
    })),
    /** Takes back what `deny` made. */
    undeny: verb(byId, ({ id }) => ({ removed: authorization.undeny(id) })),
    /** All role assignments there are now, lags aside. */
    assignments: verb(none, () => authorization.held()),
    /** All credentials of an identity there are now, lags aside. */
    /** Gives a principal application permissions of Graph, by default both that are simulated; they replace what it had. */
    allowGraph: verb(
      z.strictObject({ principalId: z.string(), permissions: z.array(z.enum(PERMISSIONS)).optional() }),
      ({ principalId, permissions = PERMISSIONS }) => graph.allow(principalId, permissions),
    ),
    credentials: verb(byId, ({ id }) => credentials.of(id)),
    /** What there is now, lags aside. */
    identities: verb(none, () =>
      world
        .resourcesWithin('/')
        .map(({ id }) => identities.get(id))
        .filter((identity) => identity !== undefined),
    ),
  };
}
