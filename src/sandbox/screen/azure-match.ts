/** Does the simulated Azure really hold what an object declares? Asked of its state, never of azid. */
import { KINDS } from '../../api/index.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { DeclaredResource } from '../../api/schema/kind.ts';
import type { HeldAssignment } from '../../simulator/authorizer.ts';
import type { HeldCredential } from '../../simulator/federation/credentials.ts';
import type { HostView } from '../../simulator/hosts/host-body.ts';
import type { Identity } from '../../simulator/identities/identities.ts';

/** What differs, one line each; undefined for an object that does not show what it has in Azure. */
export function differences(object: ManagedObject, azure: SimulatedState): readonly string[] | undefined {
  const kind = KINDS.find(({ resource }) => resource.kind === object.kind);
  return kind?.declares?.(object)?.flatMap((each) => differencesOf(each, azure));
}

function differencesOf({ what, id, fields, tags = {} }: DeclaredResource, azure: SimulatedState): string[] {
  if (id === undefined) return [`no ${what} named in the status`];
  const held = heldIn(azure, what, id);
  if (!held) return [`no ${what} ${id}`];
  return [
    ...Object.entries(fields).flatMap(([field, expected]) =>
      unequal(field, expected, fieldOf(held.fields, field)),
    ),
    ...Object.entries(tags).flatMap(([tag, expected]) => differentTag(tag, expected, held)),
  ];
}

function unequal(field: string, expected: string | undefined, actual: string | undefined): string[] {
  if (expected === undefined || same(expected, actual ?? '')) return [];
  return [`${field}: expected ${expected}, found ${actual ?? 'none'}`];
}

/** Of a tag's value the case counts. */
function differentTag(tag: string, expected: string, { tags = {} }: HeldResource): string[] {
  const actual = fieldOf(tags, tag);
  return actual === expected ? [] : [`tag ${tag}: expected ${expected}, found ${actual ?? 'none'}`];
}

function fieldOf<V>(of: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.entries(of).find(([key]) => same(key, name))?.[1];
}

/** What the simulated Azure holds now; asking costs no call that a request log would show. */
export interface SimulatedState {
  identities(): readonly Identity[];
  assignments(): readonly HeldAssignment[];
  credentials(identityId: string): readonly HeldCredential[];
  hosts(): readonly HostView[];
}

interface HeldResource {
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
function heldIn(azure: SimulatedState, what: string, id: string): HeldResource | undefined {
  const held = HELD[what];
  if (!held)
    throw new Error(`Expected one of [${Object.keys(HELD).join(', ')}] to be declared, got "${what}"`);
  return held(azure, id);
}

function named<T extends { readonly id: string }>(all: readonly T[], id: string): T | undefined {
  return all.find((each) => same(each.id, id));
}

/** Azure compares names and ids without case, those of tags too. */
const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
