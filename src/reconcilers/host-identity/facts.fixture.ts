import type { HostIdentityStatus, LedgerEntry, LedgerOwner } from '../../api/host-identity.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { capabilityOf } from '../../azure/hosts/capabilities.ts';
import type { AttachedIdentity, AzureHost, HostIdentityValue } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import type { Failure } from '../decision.ts';
import type { Wants } from '../hosts/claims/claim.ts';
import type { Asked, Facts, HostIdentity, ObservedHost, ObservedIdentity, Refusal } from './facts.ts';
import { AZID } from './identity/survey.ts';

/** Builders for tables: a VM with one attached identity that one attachment wants, changed where a row says so. */

export const NOW = Date.parse('2026-11-23T10:00:00Z');
export const EARLIER = '2026-11-20T00:00:00Z';
export const RG = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1';
export const VMS = 'Microsoft.Compute/virtualMachines';
export const VM = `${RG}/providers/${VMS}/web-1`;
export const SELF = 'eeeeeeee-0000-4000-8000-000000000001';

export const idOf = (name: string) =>
  `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
export const keyOf = (name: string) => armKey(idOf(name));
export const principalOf = (name: string) => `principal-of-${name}`;
export const at = (ms: number) => new Date(NOW + ms).toISOString().replace('.000Z', 'Z');
export const MINUTE = 60_000;

export const owner = (name: string, change: Partial<LedgerOwner> = {}): LedgerOwner => ({
  kind: 'IdentityAttachment',
  namespace: 'team-a',
  name,
  uid: `uid-${name}`,
  ...change,
});

/** Attachment `<who>` wants identity `<what>`. */
export function wants(what: string, change: Partial<Wants> = {}, who = `attach-${what}`): Wants {
  return {
    state: 'wants',
    owner: owner(who),
    what: { identityId: idOf(what) },
    verdict: { allowed: true, policy: 'team-a' },
    hasSlot: true,
    isDue: !(change.hasSlot ?? true),
    paused: false,
    adopt: false,
    allowReplace: false,
    detachInUse: [],
    ...change,
  };
}

export const wantsSystem = (change: Partial<Wants> = {}): Wants =>
  wants(
    'own',
    {
      what: 'system',
      owner: owner('own', { kind: 'SystemAssignedIdentity', uid: 'uid-own', retain: true }),
      ...change,
    },
    'own',
  );

export const releases = (
  who: string,
  change: {
    retain?: boolean;
    hasSlot?: boolean;
    kind?: LedgerOwner['kind'];
    detachInUse?: readonly string[];
  } = {},
): Facts['claims'][number] => ({
  state: 'releases',
  owner: owner(who, { ...(change.kind && { kind: change.kind }) }),
  retain: change.retain ?? false,
  hasSlot: change.hasSlot ?? true,
  detachInUse: change.detachInUse ?? [],
});

export function entry(name: string, change: Partial<LedgerEntry> = {}): LedgerEntry {
  const state = change.state ?? 'Attached';
  return {
    identityId: idOf(name),
    state,
    owned: true,
    owners: [owner(`attach-${name}`)],
    credential: AZID,
    since: EARLIER,
    ...(state === 'Attached' && { principalId: principalOf(name) }),
    ...change,
  };
}

type Change = { metadata?: Partial<ObjectMeta>; status?: HostIdentityStatus; resourceId?: string };

/** A HostIdentity that azid just made. */
export function fresh(change: Change = {}): HostIdentity {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'HostIdentity',
    metadata: {
      namespace: 'azid-system',
      name: 'host-1',
      uid: 'uid-host-1',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: EARLIER,
      ...change.metadata,
    },
    spec: { resourceId: change.resourceId ?? VM },
    ...(change.status && { status: change.status }),
  };
}

/** One with a ledger: by default of identity `app`. */
export function object(status: HostIdentityStatus = {}, metadata: Partial<ObjectMeta> = {}): HostIdentity {
  return fresh({
    metadata: { finalizers: [FINALIZER], ...metadata },
    status: { observedGeneration: 1, hostId: VM, instance: 'vm-1', entries: [entry('app')], ...status },
  });
}

export const attached = (name: string, change: Partial<AttachedIdentity> = {}): AttachedIdentity => ({
  id: idOf(name),
  key: keyOf(name),
  principalId: principalOf(name),
  clientId: `client-of-${name}`,
  ...change,
});

/** Its identity was deleted, or made again. */
export const dead = (name: string): AttachedIdentity => ({ id: idOf(name), key: keyOf(name) });

export function host(
  identities: readonly AttachedIdentity[] = [],
  change: Partial<AzureHost> & { own?: Partial<HostIdentityValue> } = {},
): AzureHost {
  const { own, ...rest } = change;
  return {
    id: VM,
    key: armKey(VM),
    type: VMS,
    tags: {},
    identity: { system: false, userAssigned: identities, ...own },
    provisioningState: 'Succeeded',
    etag: '"1"',
    instance: 'vm-1',
    ...rest,
  };
}

export const seen = (shown: AzureHost, model: ObservedHost & object = {} as never): ObservedHost => ({
  state: 'present',
  host: shown,
  live: true,
  model: model as never,
});

export const alive = (...names: string[]): ReadonlyMap<string, ObservedIdentity> =>
  new Map(
    names.map((name) => [keyOf(name), { state: 'present', principalId: principalOf(name), live: true }]),
  );

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    type: VMS,
    capability: capability(VMS),
    claims: [wants('app')],
    host: seen(host([attached('app')])),
    identities: new Map(),
    self: { principalId: SELF, clientId: 'client-of-self' },
    window: { blockedMs: 0, openMs: 0 },
    accepted: new Map(),
    busyMs: 0,
    conflicted: false,
    searching: false,
    formerLedgers: [],
    // Whatever comes, it has waited long enough.
    batch: { openedAt: NOW - 3_600_000, changedAt: NOW - 3_600_000, changes: new Set() },
    isTried: (change.writes ?? 0) > 0,
    writes: 0,
    deleted: false,
    ...change,
  };
}

export function capability(type: string) {
  const found = capabilityOf(type);
  if (!found) throw new Error(`Expected a type of the table, got ${type}`);
  return found;
}

export function failure(change: Partial<Failure> = {}): Failure {
  return {
    kind: 'stalled',
    reason: 'RejectedByAzure',
    message: 'Azure says no',
    ambiguous: false,
    error: undefined,
    ...change,
  };
}

export const asked = (change: Partial<Asked> = {}): Asked => ({
  adds: [],
  removes: [],
  system: 'keep',
  fresh: change.adds ?? [],
  ...change,
});

export const refusal = (what: Partial<Asked>, why: Partial<Failure>): Refusal => ({
  asked: asked(what),
  failure: failure(why),
});

/** As Azure refuses a PATCH that names identities which are gone, or which azid may not assign. */
export const linked = (...names: string[]): Partial<Failure> => {
  const message = `The client 'c' with object id 'o' has permission to perform action '${VMS}/write' on scope '${VM}'; however, it does not have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '${names.map(idOf).join(',')}' (respectively) or the linked scope(s) are invalid.`;
  const code = 'LinkedAuthorizationFailed';
  return { reason: code, message, error: new AzureError({ status: 403, code, message }) };
};
