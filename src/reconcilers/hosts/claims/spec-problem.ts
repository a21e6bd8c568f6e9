import type { HostSelector, IdentityAttachment } from '../../../api/identity-attachment.ts';
import { capabilityOf, hostTypeOf } from '../../../azure/hosts/types/capabilities.ts';
import { sameText } from '../../../azure/names/ascii.ts';
import { parseIdentityId, parseResourceId } from '../../../azure/names/resource-id.ts';
import { spellingFault } from '../../../azure/names/spelling.ts';
import { choosesByWord, selectorScope } from './selector.ts';

/** What is wrong with a spec by itself. The API server refuses most of it; an id has more rules than a pattern can hold. */

const IDENTITIES = 'microsoft.managedidentity/userassignedidentities';

/** Something in the spec that no call to Azure could mend. */
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

/** @param field where the id stands */
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
