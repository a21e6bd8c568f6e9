import { armKey } from '../../azure/names/resource-id.ts';
import { parsePart, partOf } from '../../hints/activity/call.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { linesOf, SYSTEM } from '../hosts/ledger/lines.ts';
import { INDEX } from '../stores.ts';
import type { IdentityAttachment } from './facts.ts';

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
