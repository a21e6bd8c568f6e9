import type { LedgerEntry, LedgerOwner } from '../../api/host-identity.ts';
import type { HostSelector, IdentityAttachmentSpec } from '../../api/identity-attachment.ts';
import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { evaluate } from '../../policy/evaluate.ts';
import type { RolloutSlots } from '../hosts/claims/slots.ts';
import type { Facts, IdentityAttachment, ObservedHost, ObservedLedger, OwnStatus } from './facts.ts';

/** Builders for tables: an attachment with its policy, and hosts that stand where a row puts them. */

export const NOW = Date.parse('2026-11-23T10:00:00Z');
export const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`;
export const VMS = 'Microsoft.Compute/virtualMachines';
export const SITES = 'Microsoft.Web/sites';
export const IDENTITY_ID = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
export const OLD_IDENTITY_ID = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/old`;
export const UID = 'uid-web';
export const RELEASE_AFTER_MS = 3_600_000;

export const vmId = (name: string) => `${GROUP}/providers/${VMS}/${name}`;
export const siteId = (name: string) => `${GROUP}/providers/${SITES}/${name}`;
export const keys = (...names: string[]) => new Set(names.map((name) => armKey(vmId(name))));

export const selector: HostSelector = { subscriptionId: SUBSCRIPTION, type: VMS, tags: { app: 'web' } };

type Change = {
  spec?: Partial<IdentityAttachmentSpec>;
  status?: IdentityAttachment['status'];
  metadata?: Partial<ObjectMeta>;
};

export function attachment(change: Change = {}): IdentityAttachment {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityAttachment',
    metadata: {
      namespace: 'team-a',
      name: 'web',
      uid: UID,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-20T00:00:00Z',
      finalizers: [FINALIZER],
      ...change.metadata,
    },
    spec: { identityRef: { name: 'app' }, target: { resourceId: vmId('vm1') }, ...change.spec },
    ...(change.status && { status: change.status }),
  };
}

export const fleet = (change: Change = {}) =>
  attachment({ ...change, spec: { target: { selector }, ...change.spec } });

export const deleted = (object: IdentityAttachment): IdentityAttachment => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: '2026-11-23T09:59:00Z' },
});

/** With these slots, by name, in its status. */
export function given(
  object: IdentityAttachment,
  slots: { readonly attach?: readonly string[]; readonly detach?: readonly string[] },
): IdentityAttachment {
  const ids = (names: readonly string[] = []) => names.map(vmId);
  const rolloutSlots = {
    generation: object.metadata.generation ?? 0,
    attach: ids(slots.attach),
    detach: ids(slots.detach),
  };
  return { ...object, status: { ...object.status, rolloutSlots } };
}

/** The slots that a decision gives, by key. */
export function slotsIn({ status }: { readonly status: OwnStatus }): RolloutSlots {
  const { attach = [], detach = [] } = status.rolloutSlots ?? {};
  return { attach: new Set(attach.map(armKey)), detach: new Set(detach.map(armKey)) };
}

const me: LedgerOwner = { kind: 'IdentityAttachment', namespace: 'team-a', name: 'web', uid: UID };

export function entry(change: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    identityId: IDENTITY_ID,
    principalId: 'p1',
    state: 'Attached',
    owned: true,
    owners: [me],
    credential: 'azid',
    since: '2026-11-23T09:00:00Z',
    ...change,
  };
}

export function ledger(change: Partial<ObservedLedger> = {}): ObservedLedger {
  return { former: [], unproven: false, contested: false, ...change };
}

/** As it stands before anything was done to it. */
export function host(name: string, change: Partial<ObservedHost> = {}): ObservedHost {
  const id = change.id ?? vmId(name);
  return {
    id,
    key: armKey(id),
    type: VMS,
    claim: 'wanted',
    absent: false,
    shown: false,
    lacking: false,
    ...change,
  };
}

export const attached = (name: string, change: Partial<ObservedHost> = {}) =>
  host(name, { shown: true, ledger: ledger({ entry: entry() }), ...change });

/** No longer what the object asks for, and still attached. */
export const left = (name: string, change: Partial<LedgerEntry> = {}) =>
  attached(name, { claim: 'unwanted', ledger: ledger({ entry: entry(change) }) });

export const problem = (reason: string, message = 'no') => ({
  reason,
  message,
  attempts: 1,
  notBefore: '2026-11-23T10:01:00Z',
});

export function policy(spec: Partial<IdentityPolicySpec> = {}): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name: 'team-a', uid: 'p', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      namespaces: { names: ['team-a'] },
      attachments: [{ types: ['*'], scopes: [GROUP], selectors: true }],
      ...spec,
    },
  };
}

export const known = {
  state: 'known',
  id: IDENTITY_ID,
  key: armKey(IDENTITY_ID),
  principalId: 'p1',
  deleting: false,
  request: { identityRef: true },
} as const;

/** Facts, with the policies that the object's namespace has. */
export type FactsChange = Partial<Facts> & { readonly policies?: readonly IdentityPolicy[] };

export function facts({ policies = [policy()], ...change }: FactsChange = {}): Facts {
  return {
    now: NOW,
    policy: evaluate(policies, { name: 'team-a', labels: {} }),
    identity: known,
    type: { name: VMS, known: true, restarts: false },
    loading: false,
    hosts: [host('vm1')],
    releaseAfterMs: RELEASE_AFTER_MS,
    ...change,
  };
}
