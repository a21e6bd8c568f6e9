import { TEXTS } from '../../runtime/shared-texts.ts';
import type { KubeObject } from '../types.ts';

/** A copy without `metadata.managedFields`, which nobody here reads and which is about half of an object. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

/** Members whose texts occur once: of one object, of one write. */
const ONCE = new Set(['uid', 'resourceVersion', 'correlationId', 'message', 'summary']);

/**
 * Freezes an object and all it holds. Many readers share one instance; a write to it would be a lie to the others. Its texts become
 * those that others have, too.
 */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const members = value as Record<string, unknown>;
  for (const [name, member] of Object.entries(members))
    if (typeof member !== 'string') freezeDeep(member);
    else if (!ONCE.has(name)) members[name] = TEXTS.of(member);
  return Object.freeze(value);
}
