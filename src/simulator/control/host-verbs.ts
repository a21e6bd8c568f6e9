import { z } from 'zod';
import { type Host, hostId, parseHostId, type SystemEntry } from '../hosts/host.ts';
import { viewOf } from '../hosts/host-body.ts';
import type { HostsPart } from '../hosts/index.ts';
import { defaultProperties, mergePatch } from '../hosts/properties.ts';
import { identitySchema, readIdentity } from '../hosts/writes/identity-edit.ts';
import { swapContent, switchSystemOff } from '../hosts/writes/swap.ts';
import type { Router } from '../http/router.ts';
import { shortLocation } from '../resources/locations.ts';
import { ControlError, verb } from './endpoint.ts';

const byId = z.strictObject({ id: z.string() });
const onAll = z.strictObject({ id: z.string().optional() });
const guid = z.guid();
const tags = z.record(z.string(), z.string());
const properties = z.record(z.string(), z.unknown());

/** What others do to resources that carry identities: without rights, rules, locks or operations. */
export function hostVerbs(part: HostsPart, router: Router, subscriptionId: string) {
  const { frame } = part;
  const { hosts, operations, world } = frame;
  const existing = (id: string): Host => {
    const host = hosts.get(id);
    if (host) return host;
    throw new ControlError(`id: expected the ARM id of an existing host, got '${id}'`);
  };
  /** `as`: who the system-assigned identity is, where this switches it on. */
  const setIdentity = (
    host: Host,
    given: z.infer<typeof identitySchema>,
    replaces: boolean,
    as?: Pick<SystemEntry, 'principalId' | 'clientId'>,
  ) => {
    const edit = readIdentity(given);
    const system = edit.system && as ? hosts.prepareSystem(host, as) : undefined;
    return viewOf(frame, hosts.editIdentity(host.id, edit, { replaces, keepsRemoved: false }, system));
  };

  return {
    /**
     * By `id`, or by type, group and name (of a slot `app/staging`), in place of what is there. A type that is not listed is
     * made up.
     */
    createHost: verb(
      z.strictObject({
        id: z.string().optional(),
        type: z.string().default('Microsoft.Compute/virtualMachines'),
        name: z.string().optional(),
        resourceGroup: z.string().optional(),
        subscriptionId: z.string().optional(),
        location: z.string().default('westeurope'),
        kind: z.string().optional(),
        sku: z.unknown().optional(),
        tags: tags.default({}),
        /** Merged into the type's defaults. */
        properties: properties.default({}),
        /** Other fields beside them: `zones`, `plan`. */
        extra: properties.default({}),
        /** As in a PUT; the identities need not exist. */
        identity: identitySchema.optional(),
        /** As they were in another simulation; by default new ones. `system`: of the identity that `identity` switches on. */
        uniqueId: guid.optional(),
        system: z.strictObject({ principalId: guid, clientId: guid }).optional(),
        /** Of a type that is not listed. */
        apiVersions: z.array(z.string()).optional(),
      }),
      (given) => {
        const { type: typeName, name = '', resourceGroup = '' } = given;
        const in_ = given.subscriptionId ?? subscriptionId;
        const id = given.id ?? hostId({ type: typeName, name, resourceGroup, subscriptionId: in_ });
        const at = parseHostId(id);
        if (!at) throw new ControlError(`id: expected an id, or type, resourceGroup and name, got '${id}'`);
        if (!world.resourceGroup(at.subscriptionId, at.resourceGroup))
          throw new ControlError(
            `resourceGroup: expected an existing resource group, got '${at.resourceGroup}'`,
          );
        const { type, added } = part.typeOf(at.type, given.apiVersions);
        router.add(added);
        const merged = mergePatch(defaultProperties(type.type), given.properties) as Host['properties'];
        hosts.delete(id);
        const host = hosts.create(
          { ...at, type: type.type },
          {
            location: shortLocation(given.location),
            tags: given.tags,
            properties: merged,
            extra: given.extra,
            ...(given.kind !== undefined && { kind: given.kind }),
            ...(given.sku !== undefined && { sku: given.sku }),
          },
          given.uniqueId,
        );
        if (!given.identity) return viewOf(frame, host);
        return setIdentity(host, given.identity, true, given.system);
      },
    ),
    /** At once, with its slots. */
    deleteHost: verb(byId, ({ id }) => ({ deleted: hosts.delete(id) })),
    /** Deleted and made again at once: same id, tags and properties, another `vmId`, no identity unless one is given. */
    recycleHost: verb(z.strictObject({ id: z.string(), identity: identitySchema.optional() }), (given) => {
      const { id, name, type, subscriptionId: in_, resourceGroup, ...spec } = existing(given.id);
      const { location, tags: set, properties: had, extra, kind, sku } = spec;
      hosts.delete(id);
      const host = hosts.create(
        { id, name, type, subscriptionId: in_, resourceGroup },
        {
          location,
          tags: set,
          properties: had,
          extra,
          ...(kind !== undefined && { kind }),
          ...(sku !== undefined && { sku }),
        },
      );
      return given.identity ? setIdentity(host, given.identity, true) : viewOf(frame, host);
    }),
    /** Replaces the identities; with `merge` as a PATCH does: `{}` adds, null removes, others stay. */
    setHostIdentity: verb(
      z.strictObject({ id: z.string(), identity: identitySchema, merge: z.boolean().default(false) }),
      ({ id, identity, merge }) => setIdentity(existing(id), identity, !merge),
    ),
    /** Replaces the tags. */
    tagHost: verb(z.strictObject({ id: z.string(), tags }), ({ id, tags: set }) =>
      viewOf(frame, hosts.change(existing(id).id, { tags: set })),
    ),
    /** To another group of its subscription, as `az resource move` does: another id, the same resource. */
    moveHost: verb(z.strictObject({ id: z.string(), resourceGroup: z.string() }), ({ id, resourceGroup }) => {
      const host = existing(id);
      if (!world.resourceGroup(host.subscriptionId, resourceGroup))
        throw new ControlError(`resourceGroup: expected an existing resource group, got '${resourceGroup}'`);
      if (operations.on(host.id))
        throw new ControlError(`id: expected a resource at rest, '${id}' is at work`);
      return viewOf(frame, hosts.move(host.id, resourceGroup));
    }),
    host: verb(byId, ({ id }) => viewOf(frame, existing(id))),
    /** What there is now, lags aside. */
    hosts: verb(z.strictObject({ type: z.string().optional() }), ({ type }) =>
      hosts
        .all()
        .filter((host) => type === undefined || host.type.toLowerCase() === type.toLowerCase())
        .map((host) => viewOf(frame, host)),
    ),
    /**
     * Swaps a slot with another one of its site, or with the site itself. With `fail` nothing is swapped, and the slot's
     * system-assigned identity is off afterwards with the knob `failedSwapSwitchesOff`.
     */
    swapSlots: verb(
      z.strictObject({
        id: z.string(),
        target: z.string().default('production'),
        fail: z.boolean().default(false),
      }),
      ({ id, target, fail }) => {
        const slot = existing(id);
        const site = slot.id.replace(/\/slots\/[^/]+$/i, '');
        const other = existing(target === 'production' ? site : `${site}/slots/${target}`);
        if (!fail) swapContent(frame, slot.id, other.id);
        else if (frame.knobs.values.hosts.failedSwapSwitchesOff) switchSystemOff(frame, slot.id);
      },
    ),
    /** What a workload on the host reaches its identities by; the same endpoint when opened again. */
    openMetadata: verb(byId, ({ id }) => part.metadata.open(existing(id).id)),
    /** The next operation on the host ends without effect, `Failed` or `Canceled`. Several queue up. */
    failNextOperation: verb(
      z.strictObject({
        id: z.string(),
        outcome: z.enum(['Failed', 'Canceled']).default('Failed'),
        code: z.string().default('InternalExecutionError'),
        message: z.string().default('An internal execution error occurred. Please retry later.'),
      }),
      ({ id, ...failure }) => operations.failNext(id, failure),
    ),
    /** Operations on the host, or on all, do not end before they are released. */
    holdOperations: verb(onAll, ({ id }) => operations.hold(id)),
    /** Without an id all that is held; what is due ends now. */
    releaseOperations: verb(onAll, ({ id }) => operations.release(id)),
    cancelOperation: verb(byId, ({ id }) => ({ canceled: operations.cancel(id) })),
    /** The URLs of the host's operations are 404 from now on, as those that are too old. */
    forgetOperations: verb(byId, ({ id }) => ({ forgotten: operations.forget(id) })),
  };
}
