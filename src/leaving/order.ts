/**
 * In which order azid's objects go. What depends on an identity goes before it. Policies go last: an object that is
 * still there may need their permission (a grant, for one, must be allowed an assignment for its claim on it to
 * count). What sweeps or receives events goes first, so that it does not act on what is half gone.
 */
import { KINDS } from '../api/index.ts';
import type { KindSchema } from '../api/schema/kind.ts';
import type { KubeObject } from '../kube/types.ts';

export interface Wave {
  readonly about: string;
  readonly kinds: readonly KindSchema<KubeObject>[];
}

const ORDER: readonly { readonly about: string; readonly kinds: readonly string[] }[] = [
  {
    about: 'grants, credentials and attachments',
    kinds: ['RoleGrant', 'FederatedIdentityCredential', 'IdentityAttachment'],
  },
  { about: 'system-assigned identities', kinds: ['SystemAssignedIdentity'] },
  // An identity waits until it is off all resources, which their ledgers show.
  { about: 'ledgers of resources', kinds: ['HostIdentity'] },
  { about: 'user-assigned identities', kinds: ['UserAssignedIdentity'] },
  { about: 'policies', kinds: ['IdentityPolicy'] },
];

/** @param all kinds that this azid knows; one that is in no wave of its own goes first, or last where it is internal */
export function wavesOf(all: readonly KindSchema<KubeObject>[] = KINDS): readonly Wave[] {
  const named = new Set(ORDER.flatMap(({ kinds }) => kinds));
  const others = all.filter(({ resource }) => !named.has(resource.kind));
  return [
    { about: 'sweeps and sources of events', kinds: others.filter(({ internal }) => internal !== true) },
    ...ORDER.map(({ about, kinds }) => ({
      about,
      kinds: all.filter(({ resource }) => kinds.includes(resource.kind)),
    })),
    { about: "azid's own records", kinds: others.filter(({ internal }) => internal === true) },
  ];
}
