import { hostIdentity } from '../../api/host-identity.ts';
import { AzureError, LOCAL_CODES } from '../../azure/arm/errors.ts';
import type { Hosts, HostWritten } from '../../azure/hosts/hosts.ts';
import { isDecideAgain } from '../../azure/requests/request.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { keyOf } from '../../kube/types.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { CommonAction } from '../decision.ts';
import { type EnsureHostDeps, ensureHosts } from '../hosts/ensure-hosts.ts';
import { SYSTEM } from '../hosts/ledger/lines.ts';
import { type Performed, type ReconcileContext, written as writtenTo } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import type { Action, HostIdentity, OwnStatus, WriteIdentity } from './facts.ts';
import type { HostMemory } from './write/memory.ts';

export interface PerformDeps extends EnsureHostDeps {
  readonly hosts: Pick<Hosts, 'patchIdentity' | 'replace'>;
  readonly client: EnsureHostDeps['client'] & Pick<KubeClient, 'delete'>;
  readonly clock: Clock;
  readonly memory: HostMemory;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  object: HostIdentity,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  switch (action.type) {
    case 'writeIdentity':
      return writeIdentity(action, object, context, deps);
    case 'deleteSelf':
      await deleteLedger(object, context, deps);
      return {};
    case 'ensureHeir':
      await ensureHosts([action.hostId], deps, context.signal);
      return {};
  }
}

/** However it ends, how it ended is remembered: the next round goes by that. */
async function writeIdentity(
  action: WriteIdentity,
  { metadata: { uid } }: HostIdentity,
  context: ReconcileContext,
  { hosts, clock, memory }: PerformDeps,
): Promise<Performed> {
  const { asked, begun, event } = action;
  memory.send(uid, begun, context.reconcileId);
  let written: HostWritten;
  try {
    written = await send(action, hosts, context);
  } catch (error) {
    const failure = failureOf(error);
    if (isUnsent(error)) memory.unsend(uid, begun, asked);
    else if (!failure || failure.ambiguous) memory.unclear(uid, begun, clock.monotonic());
    else memory.end(uid, begun);
    if (failure) memory.refuse(uid, { asked, failure }, context.reconcileId, clock.monotonic());
    if (failure?.reason === 'OperationInProgress') memory.conflict(uid, clock.monotonic());
    throw error;
  }
  const { operation, retryAfterMs, correlationId } = written;
  if (operation) {
    const now = clock.now();
    const nextPollAt = retryAfterMs === undefined ? {} : { nextPollAt: timestamp(now + retryAfterMs) };
    memory.start(uid, { ...operation, startedAt: timestamp(now), ...nextPollAt }, asked);
  } else {
    memory.end(uid, begun);
    memory.accept(uid, asked, clock.monotonic());
  }
  const { hostId: id } = action;
  const to = { id, change: 'write', isAccepted: operation !== undefined, parts: partsOf(asked) } as const;
  return writtenTo(event, to, { correlationId });
}

/** The identities that it was about. */
function partsOf({ adds, removes, system }: WriteIdentity['asked']): readonly string[] {
  return [...new Set([...adds, ...removes, ...(system === 'keep' ? [] : [SYSTEM])])];
}

/** Its turn came too late, or azid gave it up before. What Azure refuses, or never got, is a refusal. */
function isUnsent(error: unknown): boolean {
  if (isDecideAgain(error)) return true;
  return error instanceof AzureError && error.code === LOCAL_CODES.aborted && !error.ambiguous;
}

function send(
  { hostId, identity, replace, ifMatch, apiVersion }: WriteIdentity,
  hosts: PerformDeps['hosts'],
  context: ReconcileContext,
): Promise<HostWritten> {
  const host = { id: hostId };
  const options = { ifMatch, apiVersion };
  return replace
    ? hosts.replace(host, replace, context, options)
    : hosts.patchIdentity(host, identity, context, options);
}

/**
 * Only this very object: another one of the same name may have been made meanwhile. Not by its resourceVersion too, as the
 * shared `deleteSelf` does: its spec never changes and azid alone writes its ledger, so a change of its metadata is no reason
 * to keep it.
 */
async function deleteLedger(
  object: HostIdentity,
  { signal }: ReconcileContext,
  { client, stores, memory }: PerformDeps,
): Promise<void> {
  const { uid } = object.metadata;
  try {
    await client.delete(hostIdentity.resource, keyOf(object), { preconditions: { uid } }, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  memory.delete(uid);
  stores.hosts.recordDelete(object);
}
