import { scopeKey } from '../world/scope.ts';
import type { ExpressionScope } from './expressions/scope.ts';
import { bodyAs, type Planned } from './plan.ts';

/** A change as `whatIf` answers it. */
interface Change {
  readonly resourceId: string;
  readonly changeType: 'Create' | 'Delete' | 'Deploy' | 'Ignore' | 'Modify' | 'NoChange';
  readonly before?: unknown;
  readonly after?: unknown;
  readonly delta?: readonly Delta[];
}

interface Delta {
  readonly path: string;
  readonly propertyChangeType: 'Create' | 'Modify' | 'Array';
  readonly before: unknown;
  readonly after: unknown;
  readonly children: null;
}

interface WhatIfParts {
  /** A GET as the caller; undefined where nothing is. */
  readonly read: (id: string, apiVersion: string) => Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Expressions worked out as far as they can be. */
  readonly work: (value: unknown, scope: ExpressionScope) => unknown;
  /** Ids of what is in the group. */
  readonly there: readonly string[];
  /** Those of them that the deployment deletes. */
  readonly leaving: readonly string[];
  readonly idsOnly: boolean;
}

/** What a deployment would change. Nothing is made. */
export async function changesOf(plan: readonly Planned[], parts: WhatIfParts): Promise<Change[]> {
  const changes: Change[] = [];
  for (const planned of plan) changes.push(await changeOf(planned, parts));
  const named = new Set(plan.map(({ id }) => scopeKey(id)));
  const others = parts.there.filter((id) => !named.has(scopeKey(id)));
  const leaving = new Set(parts.leaving);
  const rest = others.map((resourceId): Change => {
    return { resourceId, changeType: leaving.has(resourceId) ? 'Delete' : 'Ignore' };
  });
  return [...changes, ...rest].sort((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
}

async function changeOf(planned: Planned, { read, work, idsOnly }: WhatIfParts): Promise<Change> {
  const { id: resourceId, apiVersion, type, name } = planned;
  if (idsOnly) return { resourceId, changeType: 'Deploy' };
  const wanted = bodyAs(planned, work);
  const after = { apiVersion, id: resourceId, type, name: name.split('/').at(-1), ...wanted };
  const before = await read(resourceId, apiVersion);
  if (!before) return { resourceId, changeType: 'Create', after };
  const delta = deltas(wanted, before);
  return {
    resourceId,
    changeType: delta.length > 0 ? 'Modify' : 'NoChange',
    before: { apiVersion, ...before },
    after: { ...before, ...after },
    delta,
  };
}

/** What the template names and Azure has otherwise; what it leaves out, the service may have set itself. */
function deltas(wanted: unknown, held: unknown, path = ''): Delta[] {
  if (isObject(wanted) && isObject(held))
    return Object.entries(wanted).flatMap(([name, value]) =>
      deltas(value, held[name], path === '' ? name : `${path}.${name}`),
    );
  if (JSON.stringify(wanted) === JSON.stringify(held) || alike(wanted, held)) return [];
  const propertyChangeType = held === undefined ? 'Create' : Array.isArray(wanted) ? 'Array' : 'Modify';
  return [{ path, propertyChangeType, before: held ?? null, after: wanted, children: null }];
}

/** Ids and locations compare without case and spaces. */
const alike = (a: unknown, b: unknown) =>
  typeof a === 'string' &&
  typeof b === 'string' &&
  a.replaceAll(' ', '').toLowerCase() === b.replaceAll(' ', '').toLowerCase();

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
