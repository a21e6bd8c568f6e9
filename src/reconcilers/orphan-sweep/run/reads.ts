import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import type { PrincipalStates } from '../../../azure/graph/directory.ts';
import { asciiLower } from '../../../azure/names/text.ts';
import type { Permissions } from '../../../azure/permissions.ts';
import type { ResourceGraph } from '../../../azure/resource-graph.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { ObservedPrincipal } from '../../../orphans/observed.ts';
import type { Failure } from '../../decision.ts';
import { unreadBy } from '../../status/failure.ts';
import type { Stores } from '../../stores.ts';
import { type PrincipalOf, principalsIn } from '../observe/assignments.ts';
import type { Attached } from '../observe/identities.ts';
import { type SweptScope, subscriptionsOf } from '../settings.ts';
import type { RunReads } from './memory.ts';

export interface RunReadsDeps {
  readonly identityCache: Pick<IdentityCache, 'age' | 'relist' | 'byIndex'>;
  readonly assignmentCache: Pick<AssignmentCache, 'age' | 'relist' | 'present'>;
  readonly hostCache: Pick<HostCache, 'byIndex'>;
  readonly resourceGraph: Pick<ResourceGraph, 'attachedIdentities'>;
  readonly permissions: Pick<Permissions, 'at'>;
  /** Absent: azid may not ask it. */
  readonly directory?: Pick<PrincipalStates, 'of'> | undefined;
  readonly installationId: string;
  readonly stores: Pick<Stores, 'expiries' | 'orphanRecords'>;
}

/** A run begins with lists that are no older, ms: those of the caches come every ten minutes. */
const FRESH_MS = 5 * 60_000;

/** What a run reads at its beginning. Throws where Azure asks to come back later; what fails otherwise is a part of the answer. */
export async function readRun(
  swept: readonly SweptScope[],
  context: CallContext,
  deps: RunReadsDeps,
): Promise<Omit<RunReads, 'gone' | 'unconfirmed'>> {
  const unlisted = await relist(swept, context, deps);
  return {
    unlisted,
    attached: await attachedIn(swept, context, deps),
    principalOf: principalsOf(await directoryStates(swept, context, deps), deps),
  };
}

async function relist(
  swept: readonly SweptScope[],
  context: CallContext,
  { identityCache, assignmentCache }: RunReadsDeps,
): Promise<ReadonlyMap<string, Failure>> {
  const failures = new Map<string, Failure>();
  for (const subscriptionId of subscriptionsOf(swept))
    for (const [cache, area] of [
      [identityCache, subscriptionId],
      [assignmentCache, `/subscriptions/${subscriptionId}`],
    ] as const) {
      if ((cache.age(area) ?? Number.POSITIVE_INFINITY) <= FRESH_MS) continue;
      const failure = await failing(() => cache.relist(area, 'resync', context));
      if (failure) failures.set(subscriptionId, failure);
    }
  return failures;
}

/** The right to read everything. */
export const READ_ALL = '*/read';

/** Resource Graph leaves out what azid may not read, without an error: then nothing is concluded from what it does not show. */
async function attachedIn(
  swept: readonly SweptScope[],
  context: CallContext,
  { resourceGraph, permissions }: RunReadsDeps,
): Promise<Attached> {
  let of: ReadonlyMap<string, readonly string[]> = new Map();
  for (const subscriptionId of subscriptionsOf(swept)) {
    const scope = `/subscriptions/${subscriptionId}`;
    let mayReadAll = false;
    const failure = await failing(async () => {
      const rights = await permissions.at(scope, { priority: 'resync', signal: context.signal });
      mayReadAll = rights.allows(READ_ALL);
    });
    if (failure) return { state: 'unread', why: `what azid may read of ${scope}: ${failure.message}` };
    if (!mayReadAll)
      return {
        state: 'unread',
        why: `azid may not read all resources of ${scope}, and those that it may not read are left out of what Azure shows; give it the role Reader there`,
      };
  }
  const failure = await failing(async () => {
    of = await resourceGraph.attachedIdentities(context);
  });
  return failure
    ? { state: 'unread', why: `the resources of all subscriptions: ${failure.message}` }
    : { state: 'read', of };
}

/** Of principals that no cache shows; undefined: azid may not ask. */
async function directoryStates(
  swept: readonly SweptScope[],
  context: CallContext,
  deps: RunReadsDeps,
): Promise<ReadonlyMap<string, ObservedPrincipal> | undefined> {
  const { directory } = deps;
  if (!directory) return undefined;
  const isShown = principalsOf(undefined, deps);
  const asked = [...principalsIn(swept, deps)].filter(([id]) => isShown(id).state !== 'present');
  // It was there when it was given its first right; it may be much older.
  const principals = asked.map(([id, createdAt]) => ({ id, createdAt }));
  return asked.length === 0 ? new Map() : directory.of(principals, context.signal ?? NEVER);
}

const NEVER = new AbortController().signal;

/** Undefined: it went well. Throws as `unreadBy` does. */
async function failing(call: () => Promise<void>): Promise<Failure | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return unreadBy(error);
  }
}

interface PrincipalsDeps {
  readonly identityCache: Pick<IdentityCache, 'byIndex'>;
  readonly hostCache: Pick<HostCache, 'byIndex'>;
  readonly stores: Pick<Stores, 'orphanRecords'>;
}

/**
 * Whether principals are there. What Azure shows is; of the others the directory knows, where azid may ask it, or a record that azid
 * itself deleted the identity. Nothing is concluded from a list that does not show one: it may be of any other kind or tenant.
 *
 * @param directory what it answered of those that no cache shows; undefined: it was not asked
 */
function principalsOf(
  directory: ReadonlyMap<string, ObservedPrincipal> | undefined,
  { identityCache, hostCache, stores }: PrincipalsDeps,
): PrincipalOf {
  const ended = new Set(
    stores.orphanRecords
      .values()
      .flatMap(({ spec }) => (spec.identity && spec.deletion ? asciiLower(spec.identity.principalId) : [])),
  );
  return (principalId) => {
    const id = asciiLower(principalId);
    if (identityCache.byIndex('principal', id).length > 0) return { state: 'present' };
    if (hostCache.byIndex('principal', id).length > 0) return { state: 'present' };
    const reported = directory?.get(id);
    if (reported) return reported;
    if (ended.has(id)) return { state: 'gone' };
    return { state: 'unknown', why: directory ? 'the directory was not asked about it' : NOT_ASKED };
  };
}

const NOT_ASKED =
  'azid does not ask the directory; grant it Directory.Read.All of Microsoft Graph and start it with --directory true';
