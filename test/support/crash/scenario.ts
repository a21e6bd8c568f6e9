import type { IdentityAttachmentSpec } from '../../../src/api/identity-attachment.ts';
import type { IdentityPolicySpec } from '../../../src/api/identity-policy.ts';
import type { RoleGrantSpec } from '../../../src/api/role-grant.ts';
import { API_VERSION } from '../../../src/api/schema/kind.ts';
import type { SystemAssignedIdentitySpec } from '../../../src/api/system-assigned-identity.ts';
import type { UserAssignedIdentitySpec } from '../../../src/api/user-assigned-identity.ts';
import type { Applied } from '../../../src/kube/client.ts';
import type { Preset } from '../../../src/simulator/knobs/knobs.ts';
import type { KnobPatch } from '../../../src/simulator/knobs/schema.ts';
import type { Control } from '../../../src/simulator/simulator.ts';
import { SUBSCRIPTION } from '../testbed.ts';
import type { State } from './state.ts';

/**
 * A scenario is data: what people and Azure do, and what must have come of it. The runner carries it out undisturbed
 * and then under every plan (docs/testing.md). `$ns` in any string stands for the namespace of the run, `$in 20m` as a whole
 * string for the time 20 min after the step.
 */
export interface Scenario {
  readonly name: string;
  /** Of the simulator; `fast` by default. */
  readonly preset?: Preset;
  readonly knobs?: KnobPatch;
  /** Comes before what is tested: carried out by an operator that nobody disturbs or watches. */
  readonly given?: readonly Step[];
  readonly steps: readonly Step[];
  /** Each of its plans takes seconds: an everyday run carries out a handful of them. */
  readonly long?: boolean;
  /** What it gives ends by itself after so long, ms: a user who gives it up finds nothing left after that. */
  readonly endsAfterMs?: number;
  /** Writes that may land after what they were for is gone, and why that is accepted: they get no `kill-late` plan. */
  readonly outlives?: { readonly at: RegExp; readonly because: string };
}

export type { State } from './state.ts';

export type Step =
  | { readonly do: 'apply'; readonly objects: readonly Applied[] }
  | { readonly do: 'patch'; readonly at: Ref; readonly body: object; readonly subresource?: string }
  | { readonly do: 'remove'; readonly at: Ref }
  /** By someone else in Azure: a verb of the simulator's control endpoint. */
  | { readonly do: 'azure'; readonly verb: keyof Control; readonly input: unknown }
  /** Fake time; everything that falls due on the way is done. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Settles, and fails unless the predicate comes true within 20 min of fake time. */
  | { readonly do: 'expect'; readonly what: string; readonly that: (state: State) => boolean }
  /** The cache lists Azure again, half a minute later. */
  | { readonly do: 'resync' }
  /** Until nothing runs and nothing is due within two minutes. */
  | { readonly do: 'settle' }
  | { readonly do: 'controller'; readonly be: 'stopped' | 'killed' | 'started' };

export interface Ref {
  readonly kind: string;
  /** `namespace/name`, or the name of a cluster-scoped object. */
  readonly key: string;
}

// What scenarios are written with.

export const apply = (...objects: Applied[]): Step => ({ do: 'apply', objects });
/** JSON merge patch of an identity's object by its name. */
export const patch = (name: string, body: object, subresource?: string): Step => ({
  do: 'patch',
  at: uai(name),
  body,
  ...(subresource !== undefined && { subresource }),
});
export const remove = (at: Ref): Step => ({ do: 'remove', at });
export const azure = <V extends keyof Control>(verb: V, input: Parameters<Control[V]>[0]): Step => ({
  do: 'azure',
  verb,
  input,
});
export const wait = (ms: number): Step => ({ do: 'wait', ms });
export const expectThat = (what: string, that: (state: State) => boolean): Step => ({
  do: 'expect',
  what,
  that,
});
export const settle: Step = { do: 'settle' };
export const controller = (be: 'stopped' | 'killed' | 'started'): Step => ({ do: 'controller', be });
/** What the cache's timer does every 10 min. */
export const nextResync: Step = { do: 'resync' };

export const uai = (name: string): Ref => ({ kind: 'UserAssignedIdentity', key: `$ns/${name}` });
export const roleGrantRef = (name: string): Ref => ({ kind: 'RoleGrant', key: `$ns/${name}` });
export const attachmentRef = (name: string): Ref => ({ kind: 'IdentityAttachment', key: `$ns/${name}` });
export const systemIdentityRef = (name: string): Ref => ({
  kind: 'SystemAssignedIdentity',
  key: `$ns/${name}`,
});
export const configMap = (name: string): Ref => ({ kind: 'ConfigMap', key: `$ns/${name}` });
export const policyRef: Ref = { kind: 'IdentityPolicy', key: '$ns' };

/** The run's namespace and a policy that lets it have identities in group rg1. */
export const tenant = (spec: Partial<IdentityPolicySpec> = {}): Step =>
  apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: '$ns' } }, policy(spec));

export function policy(spec: Partial<IdentityPolicySpec> = {}): Applied {
  return {
    apiVersion: API_VERSION,
    kind: 'IdentityPolicy',
    metadata: { name: '$ns' },
    spec: {
      namespaces: { names: ['$ns'] },
      identities: { scopes: [groupId('rg1')] },
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
      ...spec,
    },
  };
}

export function identity(name: string, spec: UserAssignedIdentitySpec = {}): Applied {
  return {
    apiVersion: API_VERSION,
    kind: 'UserAssignedIdentity',
    metadata: { name, namespace: '$ns' },
    spec,
  };
}

/** Reader on group rg1 for identity `web`. */
export function grant(name: string, spec: Partial<RoleGrantSpec> = {}): Applied {
  return {
    apiVersion: API_VERSION,
    kind: 'RoleGrant',
    metadata: { name, namespace: '$ns' },
    spec: {
      principal: { identityRef: { name: 'web' } },
      role: { name: 'Reader' },
      scope: groupId('rg1'),
      ...spec,
    },
  };
}

/** Identity `web` on VM `name` in rg1, or elsewhere. */
export function attachment(name: string, spec: Partial<IdentityAttachmentSpec> = {}): Applied {
  return {
    apiVersion: API_VERSION,
    kind: 'IdentityAttachment',
    metadata: { name, namespace: '$ns' },
    spec: { identityRef: { name: 'web' }, target: { resourceId: vmId(name) }, ...spec },
  };
}

/** The system-assigned identity of VM `name` in rg1. */
export function systemIdentity(name: string, spec: Partial<SystemAssignedIdentitySpec> = {}): Applied {
  return {
    apiVersion: API_VERSION,
    kind: 'SystemAssignedIdentity',
    metadata: { name, namespace: '$ns' },
    spec: { resourceId: vmId(name), ...spec },
  };
}

/** ARM id of a VM in rg1. */
export const vmId = (name: string) => `${groupId('rg1')}/providers/Microsoft.Compute/virtualMachines/${name}`;

export const groupId = (group: string) => `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}`;
/** ARM id of an identity. */
export const armId = (name: string, group = 'rg1') =>
  `${groupId(group)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

/** The same data with `$in 20m` replaced by that time. */
export function atTime<T>(value: T, now: number): T {
  if (typeof value === 'string') {
    const [, minutes] = /^\$in (\d+)m$/.exec(value) ?? [];
    if (minutes === undefined) return value;
    return `${new Date(now + Number(minutes) * 60_000).toISOString().slice(0, 19)}Z` as T;
  }
  if (Array.isArray(value)) return value.map((each) => atTime(each, now)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, atTime(each, now)])) as T;
}

/** The same data with `$ns` replaced in every string, keys included. */
export function inNamespace<T>(value: T, namespace: string): T {
  if (typeof value === 'string') return value.replaceAll('$ns', namespace) as T;
  if (Array.isArray(value)) return value.map((each) => inNamespace(each, namespace)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [inNamespace(key, namespace), inNamespace(each, namespace)]),
  ) as T;
}
