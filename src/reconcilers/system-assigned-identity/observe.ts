import type { HostIdentity } from '../../api/host-identity.ts';
import { requestedReconcile } from '../../api/schema/common.ts';
import { capabilityOf, hostTypeOf } from '../../azure/hosts/capabilities.ts';
import type { Hosts } from '../../azure/hosts/hosts.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import { problemOfHost } from '../hosts/claims/spec.ts';
import { hostMessageOf } from '../hosts/ledger/host-message.ts';
import { currentIdOf, holdersOf, lineOf, othersOf, systemVerdict } from '../hosts/system-identity.ts';
import type { ReconcileContext } from '../kind.ts';
import type { Dependents } from '../services.ts';
import { blockedFor } from '../status/deleting.ts';
import { failureOf } from '../status/failure.ts';
import { INDEX, type Stores } from '../stores.ts';
import type { Facts, ObservedIdentity, ObservedLedger, SystemAssignedIdentity } from './facts.ts';
import { cannotHave, isSwitchedOff } from './object.ts';

export interface ObserveDeps {
  readonly stores: Pick<Stores, 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'>;
  readonly hosts: Pick<Hosts, 'systemIdentity'>;
  readonly hostCache: Pick<HostCache, 'observe' | 'refresh' | 'byIndex'>;
  /** The areas that the cache keeps for this object's host. */
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly dependents: Pick<Dependents, 'referencesToSystemIdentity' | 'leftoversOf'>;
  readonly clock: Clock;
  readonly releaseAfterMs: number;
  readonly elapsed: Pick<Elapsed, 'since'>;
  /** By uid: the last principal, and the last requested reconcile that was met. */
  readonly principals: ReadonlyMap<string, string>;
  readonly reReads: Map<string, string>;
}

/** Reads what `decide` needs: caches, and Azure itself for who a new principal is. */
export async function observe(
  object: SystemAssignedIdentity,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<Facts> {
  const { stores, clock, areas, principals, releaseAfterMs } = deps;
  const { uid, deletionTimestamp } = object.metadata;
  const { resourceId, apiVersion } = object.spec;
  const policy = policyFor(object, stores);
  const problem = problemOfHost('spec.resourceId', resourceId, apiVersion);
  const lastPrincipalId = principals.get(uid);
  const common: Facts = {
    now: clock.now(),
    policy,
    ...(problem && { problem }),
    type: { name: '', known: false },
    absent: false,
    ...(lastPrincipalId !== undefined && { lastPrincipalId }),
    references: [],
    leftovers: [],
    releaseAfterMs,
    ...blockedFor(object, deps),
  };
  const ledgers = ledgersOf(object, common.now, deps);
  const ledger = ledgers.find((each) => isSwitchedOff(object, { ledger: each })) ?? ledgers[0];
  if (problem) {
    // Also one that an edit has made wrong is taken back in order.
    const wrong: Facts = { ...common, ...(ledger && { ledger }) };
    return deletionTimestamp ? { ...wrong, ...(await hanging(object, ledgers, context, deps)) } : wrong;
  }

  const spelt = hostTypeOf(resourceId);
  const known = capabilityOf(spelt);
  const type = { name: known?.type ?? spelt, known: known !== undefined };
  const facts: Facts = { ...common, type, ...(ledger && { ledger }) };
  const { allowed } = systemVerdict(object, stores);
  // Not even a list is made on behalf of a namespace that may have nothing there.
  if (!allowed && !ledger?.entry) {
    areas.use(keyOf(object), []);
    return facts;
  }
  areas.use(keyOf(object), [areaOfHost(resourceId)]);
  await readIfRequested(object, context, deps);
  const seen = deps.hostCache.observe(resourceId);
  const variant = seen.state === 'present' ? seen.resource.variant : undefined;
  const impossible = known && cannotHave(capabilityOf(type.name, variant) ?? known, type.name, variant);
  const absent = seen.state === 'absent';
  const now = absent ? currentIdOf(object, deps) : undefined;
  const observed: Facts = {
    ...facts,
    ...(impossible && { problem: impossible }),
    absent,
    ...(now !== undefined && { movedTo: now }),
  };
  if (deletionTimestamp) return { ...observed, ...(await hanging(object, ledgers, context, deps)) };
  const azure = await identityIn(object, observed, context, deps);
  return { ...observed, ...(azure && { azure }) };
}

/** What lets go of one that is deleted is every ledger that names it, wherever its resource is now. */
function ledgersOf(
  object: SystemAssignedIdentity,
  now: number,
  deps: ObserveDeps,
): readonly ObservedLedger[] {
  const { stores } = deps;
  const [named] = stores.hosts.byIndex(INDEX.host, armKey(object.spec.resourceId));
  const naming = object.metadata.deletionTimestamp === undefined ? [] : holdersOf(object, stores);
  const holders = naming.length > 0 ? naming : named ? [named] : [];
  return holders.map((holder) => ledgerOf(holder, object, now, deps));
}

function ledgerOf(
  holder: HostIdentity,
  object: SystemAssignedIdentity,
  now: number,
  { stores }: ObserveDeps,
): ObservedLedger {
  const { status } = holder;
  const { entry, unnamed = false } = lineOf(holder, object, stores) ?? {};
  return {
    ...hostMessageOf(holder, entry, now),
    ...(entry && { entry }),
    ...(entry &&
      object.metadata.deletionTimestamp !== undefined &&
      othersOf(entry, object, stores, holder.spec.resourceId)),
    ...(unnamed && { unnamed }),
    ...(status?.hostId !== undefined && { hostId: status.hostId }),
  };
}

/** Only for a principal that the status does not have yet. */
async function identityIn(
  { spec, status }: SystemAssignedIdentity,
  { ledger, absent }: Facts,
  context: ReconcileContext,
  { hosts }: ObserveDeps,
): Promise<ObservedIdentity | undefined> {
  const { entry } = ledger ?? {};
  if (absent || entry?.state !== 'Attached' || entry.principalId === undefined) return undefined;
  if (status?.principalId === entry.principalId && status.clientId !== undefined) return undefined;
  try {
    const found = await hosts.systemIdentity(spec.resourceId, context);
    return found && { state: 'found', ...found };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

/**
 * What would be left of a principal that ends: asked for as long as it is to be switched off. That its status has `released`
 * proves nothing, as the status may have been written while no azid ran.
 */
async function hanging(
  object: SystemAssignedIdentity,
  ledgers: readonly ObservedLedger[],
  context: ReconcileContext,
  { dependents }: ObserveDeps,
): Promise<Partial<Facts>> {
  const ending = ledgers.filter((ledger) => isSwitchedOff(object, { ledger }));
  if (ending.length === 0) return {};
  const references = await dependents.referencesToSystemIdentity(keyOf(object), context);
  if (references.length > 0) return { references };
  const { namespace = '' } = object.metadata;
  const leftovers: string[] = [];
  for (const { entry, hostId: id = object.spec.resourceId } of ending)
    if (entry?.principalId !== undefined)
      leftovers.push(
        ...(await dependents.leftoversOf({ id, principalId: entry.principalId, namespace }, context)),
      );
  return { references, leftovers };
}

/** For a requested reconcile: once for each request, however many rounds the reconcile takes. */
async function readIfRequested(
  object: SystemAssignedIdentity,
  context: ReconcileContext,
  { hostCache, reReads }: ObserveDeps,
): Promise<void> {
  const { uid } = object.metadata;
  const request = requestedReconcile(object);
  if (request === undefined || request === object.status?.lastHandledReconcileAt) return;
  if (reReads.get(uid) === request) return;
  reReads.set(uid, request);
  try {
    await hostCache.refresh(object.spec.resourceId, context.priority, context);
  } catch (error) {
    // What cannot be read now is reported by the HostIdentity.
    if (!failureOf(error)) throw error;
  }
}
