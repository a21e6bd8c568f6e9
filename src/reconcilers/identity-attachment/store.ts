import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { hostArea } from '../../cache/hosts/area.ts';
import { placeOfSelector } from '../hosts/claims/spec.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';

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
