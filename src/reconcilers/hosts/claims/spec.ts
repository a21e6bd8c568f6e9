import type { HostSelector, IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../../api/system-assigned-identity.ts';
import { capabilityOf, hostTypeIfAny, hostTypeOf } from '../../../azure/hosts/capabilities.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { armKey, isWithinScope, parseIdentityId, parseResourceId } from '../../../azure/names/resource-id.ts';
import { asciiLower, sameText, spellingFault } from '../../../azure/names/text.ts';
import { hostArea } from '../../../cache/hosts/area.ts';
import type { AttachmentRequest, HostRequest } from '../../../policy/hosts.ts';

/**
 * What the spec of an object asks for: the resources that its selector finds, what is wrong with it by itself, and what it
 * asks of the policies at one resource.
 */

/** The subscription or resource group that a selector covers. */
export function selectorScope({ subscriptionId, resourceGroup }: HostSelector): string {
  const subscription = `/subscriptions/${subscriptionId}`;
  return resourceGroup === undefined ? subscription : `${subscription}/resourceGroups/${resourceGroup}`;
}

/** Tags, or `all: true` for everything; with neither, as older objects may have it, a selector chooses nothing. */
function choosesByWord({ tags = {}, all = false }: HostSelector): boolean {
  return all !== Object.keys(tags).length > 0;
}

/**
 * The area of a selector, as one of the places of each resource there (`placesOf`): a host's own group and its
 * subscription lead to those who may select it, and not to the selectors of all teams.
 */
export function placeOfSelector({ subscriptionId, type, resourceGroup }: HostSelector): string {
  return placeOf(hostArea(subscriptionId, type), resourceGroup);
}

/** @param type of the resource, as `hostTypeOf` gives it */
export function placesOf(hostId: string, type: string): readonly string[] {
  const area = areaSelected(hostId, type);
  return [area, placeOf(area, armKey(hostId).split('/')[4])];
}

/** The area of a selector that may find the resource. Slots, too, count by subscription for those who select them. */
export function areaSelected(hostId: string, type: string): string {
  return hostArea(armKey(hostId).split('/')[2] ?? '', type);
}

function placeOf(area: string, resourceGroup: string | undefined): string {
  return resourceGroup === undefined ? area : `${area}|${asciiLower(resourceGroup)}`;
}

/** Tag names compare without case, values exactly, as Azure has them. */
export function selectsHost(
  selector: HostSelector,
  host: Pick<AzureHost, 'id' | 'type' | 'tags'> & Partial<Pick<AzureHost, 'key'>>,
): boolean {
  if (!choosesByWord(selector) || !sameText(host.type, selector.type)) return false;
  if (!isWithinScope(host.key ?? armKey(host.id), selectorScope(selector))) return false;
  const wanted = Object.entries(selector.tags ?? {});
  if (wanted.length === 0) return true;
  const tags = new Map(Object.entries(host.tags).map(([name, value]) => [asciiLower(name), value]));
  return wanted.every(([name, value]) => tags.get(asciiLower(name)) === value);
}

const IDENTITIES = 'microsoft.managedidentity/userassignedidentities';

/**
 * Something in the spec that no call to Azure could mend. The API server refuses most of it; an id has more rules than
 * a pattern can hold.
 */
export interface SpecProblem {
  readonly reason: string;
  readonly message: string;
}

/** By spec, which never changes: each host asks it of all attachments that name or select it. */
const PROBLEMS = new WeakMap<IdentityAttachment['spec'], { readonly problem: SpecProblem | undefined }>();

export function problemOf({ spec }: IdentityAttachment): SpecProblem | undefined {
  const held = PROBLEMS.get(spec);
  if (held) return held.problem;
  const problem = problemOfSpec(spec);
  PROBLEMS.set(spec, { problem });
  return problem;
}

function problemOfSpec(spec: IdentityAttachment['spec']): SpecProblem | undefined {
  const { identityId, target, apiVersion } = spec;
  if (identityId !== undefined) {
    try {
      parseIdentityId(identityId);
    } catch (error) {
      return { reason: 'InvalidIdentityId', message: `spec.identityId: ${messageOf(error)}` };
    }
  }
  const vague = target.selector && vagueness(target.selector);
  if (vague) return vague;
  return target.resourceId === undefined
    ? problemOfType('spec.target.selector.type', target.selector?.type ?? '', apiVersion)
    : problemOfHost('spec.target.resourceId', target.resourceId, apiVersion);
}

/** Of objects older than the rule of the API server, which refuses them. */
function vagueness(selector: HostSelector): SpecProblem | undefined {
  if (choosesByWord(selector)) return undefined;
  const got = selector.all ? 'both' : 'neither, so nothing is chosen and what stands is kept';
  const message = `spec.target.selector: expected tags that a resource must have, or all: true for every ${selector.type} in ${selectorScope(selector)}; got ${got}`;
  return { reason: 'SelectorTooWide', message };
}

/** @param field that holds the id */
export function problemOfHost(
  field: string,
  id: string,
  apiVersion: string | undefined,
): SpecProblem | undefined {
  const fault = spellingFault(id);
  if (fault !== undefined) return { reason: 'InvalidResourceId', message: `${field}: ${fault}` };
  let type: string;
  try {
    type = hostTypeOf(id);
    parseResourceId(id);
  } catch (error) {
    return { reason: 'InvalidResourceId', message: `${field}: ${messageOf(error)}` };
  }
  if (sameText(type, IDENTITIES)) {
    return {
      reason: 'InvalidResourceId',
      message: `${field}: Expected a resource that can carry an identity, got the identity "${id}"; name the resource it is to be attached to`,
    };
  }
  return problemOfType(field, type, apiVersion);
}

function problemOfType(field: string, type: string, apiVersion: string | undefined): SpecProblem | undefined {
  const known = capabilityOf(type);
  if (sameText(type, IDENTITIES)) {
    const message = `${field}: Expected a type that can carry an identity, got ${type}, which is the identities themselves`;
    return { reason: 'UnsupportedType', message };
  }
  if (known && apiVersion !== undefined) {
    return {
      reason: 'InvalidApiVersion',
      message: `spec.apiVersion: Expected none for type ${type}, which azid knows, got "${apiVersion}"; remove it`,
    };
  }
  if (!known && apiVersion === undefined) {
    return {
      reason: 'UnsupportedType',
      message: `${field}: azid does not know type ${type}; if its identity is changed by PATCH, as with most types, give an API version of it as spec.apiVersion and have a policy name the type`,
    };
  }
  return undefined;
}

function messageOf(error: unknown): string {
  if (error instanceof TypeError) return error.message;
  throw error;
}

/** The resource: as the object names it, or as Azure shows it. */
export type AskedHost = Pick<HostRequest, 'hostId' | 'type' | 'known'>;

/** What is no id is of no type, and no rule names it. */
export function askedHostOf(hostId: string): AskedHost {
  const type = hostTypeIfAny(hostId) ?? '';
  return { hostId, type, known: capabilityOf(type) !== undefined };
}

/** @param identity as far as it is known which; by the spec otherwise */
export function attachmentAsked(
  { spec: { adoption, identityId, target } }: IdentityAttachment,
  host: AskedHost,
  identity: AttachmentRequest['identity'] = identityId === undefined
    ? { identityRef: true }
    : { id: identityId },
): AttachmentRequest {
  return { ...host, adopt: adoption === 'Adopt', bySelector: target.selector !== undefined, identity };
}

export function systemAssignedAsked(
  { spec: { adoption } }: SystemAssignedIdentity,
  host: AskedHost,
): HostRequest {
  return { ...host, adopt: adoption === 'Adopt' };
}
