import type { HeldAssignment } from '../../simulator/authorizer.ts';
import type { HeldCredential } from '../../simulator/federation/credentials.ts';
import type { HostView } from '../../simulator/hosts/host-body.ts';
import type { Identity } from '../../simulator/identities/identities.ts';

/** What the simulated Azure holds now; asking costs no call that a request log would show. */
export interface SimulatedState {
  identities(): readonly Identity[];
  assignments(): readonly HeldAssignment[];
  credentials(identityId: string): readonly HeldCredential[];
  hosts(): readonly HostView[];
}

export interface HeldResource {
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly tags?: Readonly<Record<string, string>>;
}

/** By what a schema calls them in `declares`. */
const HELD: Readonly<Record<string, (azure: SimulatedState, id: string) => HeldResource | undefined>> = {
  identity(azure, id) {
    const found = named(azure.identities(), id);
    return found && { fields: { ...found, tags: undefined } as HeldResource['fields'], tags: found.tags };
  },
  'role assignment'(azure, id) {
    const found = named(azure.assignments(), id);
    return found && { fields: { scope: found.scope, principalId: found.principalId, role: found.roleGuid } };
  },
  credential(azure, id) {
    const [identityId = '', name = ''] = id.split(/\/federatedIdentityCredentials\//i);
    const found = azure.credentials(identityId).find((each) => same(each.name, name));
    return found && { fields: { issuer: found.issuer, subject: found.subject, audience: found.audience } };
  },
  resource(azure, id) {
    const found = named(azure.hosts(), id);
    if (!found) return undefined;
    const living = found.attached.filter(({ principalId }) => principalId !== null);
    return {
      fields: {
        'principalId of its own identity': found.system?.principalId,
        ...Object.fromEntries(living.map((each) => [`identity ${each.id}`, 'attached'])),
      },
    };
  },
};

/** Undefined: there is none. */
export function heldIn(azure: SimulatedState, what: string, id: string): HeldResource | undefined {
  const held = HELD[what];
  if (!held)
    throw new Error(`Expected one of [${Object.keys(HELD).join(', ')}] to be declared, got "${what}"`);
  return held(azure, id);
}

function named<T extends { readonly id: string }>(all: readonly T[], id: string): T | undefined {
  return all.find((each) => same(each.id, id));
}

/** Azure compares names and ids without case, those of tags too. */
export const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
