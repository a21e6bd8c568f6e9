import { identityAttachment } from '../../api/identity-attachment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { hostArea } from '../../cache/hosts/area.ts';
import { parsePart, partOf } from '../../hints/activity/call.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import type { KindDefinition } from '../definition.ts';
import { placeOfSelector } from '../hosts/claims/spec.ts';
import { ensureHosts } from '../hosts/ensure-hosts.ts';
import { linesOf, SYSTEM } from '../hosts/ledger/lines.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';
import { areasOf } from '../watches/areas.ts';
import { decide } from './decide.ts';
import type {
  Action,
  AttachmentDecision,
  Facts,
  IdentityAttachment,
  OwnStatus,
  ReconcileEvents,
} from './facts.ts';
import { holds } from './holds.ts';
import type { Selecting } from './observe/selecting.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { watches } from './watches.ts';

export const store: StoreDefinition<IdentityAttachment> = {
  name: 'attachments',
  indexes: {
    [INDEX.identityRef]: ({ metadata, spec: { identityRef } }) =>
      identityRef ? [`${metadata.namespace}/${identityRef.name}`] : [],
    [INDEX.identityId]: ({ spec, status }) => [
      ...new Set([spec.identityId, status?.identityId].flatMap((id) => (id === undefined ? [] : armKey(id)))),
    ],
    [INDEX.host]: ({ spec }) =>
      spec.target.resourceId === undefined ? [] : [armKey(spec.target.resourceId)],
    [INDEX.selectorArea]: ({ spec: { target } }) =>
      target.selector ? [hostArea(target.selector.subscriptionId, target.selector.type)] : [],
    [INDEX.selectorPlace]: ({ spec: { target } }) =>
      target.selector ? [placeOfSelector(target.selector)] : [],
  },
};

/** The identity on each resource that it names, or that its status lists; no other change of the resource. */
export const ownedInAzure: OwnedInAzure<IdentityAttachment> = {
  of({ spec, status }) {
    const identityId = status?.identityId ?? spec.identityId;
    if (identityId === undefined) return [];
    const { resourceId } = spec.target;
    const listed = (status?.targets ?? []).map((target) => target.resourceId);
    const resources = resourceId === undefined ? listed : [resourceId];
    return resources.map((id) => ({ key: partOf(id, armKey(identityId)), resourceId: id }));
  },
  ownersOf(key, { hosts, attachments }) {
    const { resource, part } = parsePart(key) ?? {};
    if (resource === undefined || part === undefined || part === SYSTEM) return [];
    const claimants = hosts
      .byIndex(INDEX.host, resource)
      .flatMap(({ status = {} }) => linesOf(status).get(part)?.owners ?? [])
      .filter(({ kind }) => kind === 'IdentityAttachment')
      .map(({ namespace, name }) => `${namespace}/${name}`);
    return [...attachments.keysByIndex(INDEX.host, resource), ...claimants];
  },
};

/** IdentityAttachment: where an identity is to be; its hosts do the writing. */
export const identityAttachmentKind: KindDefinition<
  IdentityAttachment,
  Facts,
  Action,
  OwnStatus,
  AttachmentDecision
> = {
  name: 'identityattachment',
  resource: identityAttachment.resource,
  status: identityAttachment.status,
  store,
  holds,
  watches,
  ownedInAzure,
  decide,
  start(services) {
    const reported = new Map<string, ReconcileEvents>();
    const reReads = new Map<string, string>();
    const selecting = new Map<string, Selecting>();
    const areas = areasOf(services.hostCache, 'identityattachment');
    const observeDeps: ObserveDeps = { ...services, areas, reported, reReads, selecting };
    return {
      observe: (object, context) => observe(object, context, observeDeps),
      decided({ metadata: { uid } }, _facts, decision) {
        if (decision.reported) reported.set(uid, decision.reported);
      },
      async perform({ hostIds }, _object, { signal }) {
        await ensureHosts(hostIds, services, signal);
        return {};
      },
      forget(key, uid) {
        areas.use(key, []);
        if (uid === undefined) return;
        for (const map of [reported, reReads, selecting]) map.delete(uid);
        services.references.forget(uid);
      },
    };
  },
};
