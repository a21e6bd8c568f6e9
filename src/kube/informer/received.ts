/** Objects as they come from the API server: the lines of a watch, and what is kept of each object. */
import { TEXTS } from '../../runtime/shared-texts.ts';
import { errorOfStatus, isStatus, KubeError } from '../errors.ts';
import type { KubeObject } from '../types.ts';

/** One line of a watch. */
type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | {
      readonly type: 'BOOKMARK';
      readonly resourceVersion: string;
      /** Of a watch that was asked to send what exists first: that was all of it. */
      readonly initialEventsEnd: boolean;
    };

/** Stands at the bookmark behind the last of the initial events (Kubernetes API concepts, "Streaming lists"). */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Checks the envelope of a line; the object was validated by the server. Throws for `ERROR` and for unknown types. */
export function watchEventOf<T extends KubeObject>(plural: string, line: unknown): WatchEvent<T> {
  const call = `watch of ${plural}`;
  const { type, object } = (typeof line === 'object' && line ? line : {}) as {
    type?: unknown;
    object?: unknown;
  };
  if (type === 'ERROR') {
    if (isStatus(object)) throw errorOfStatus(call, object, 500);
    throw new KubeError(`${call}: an ERROR event without a Status`, { reason: 'InvalidResponse' });
  }
  const metadata = (object as Partial<KubeObject> | undefined)?.metadata;
  if (!metadata?.resourceVersion)
    throw new KubeError(`${call}: an event without metadata.resourceVersion`, { reason: 'InvalidResponse' });
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!metadata.name || !metadata.uid)
        throw new KubeError(`${call}: an object without name or uid`, { reason: 'InvalidResponse' });
      return { type, object: object as T };
    case 'BOOKMARK':
      return {
        type,
        resourceVersion: metadata.resourceVersion,
        initialEventsEnd: metadata.annotations?.[INITIAL_EVENTS_END] === 'true',
      };
    default:
      throw new KubeError(`${call}: expected ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, got another type`, {
        reason: 'InvalidResponse',
      });
  }
}

/** A copy without `metadata.managedFields`, which nothing here reads and which is about half of an object. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown };
  return { ...object, metadata };
}

/** Members whose texts occur once: of one object, of one write. */
const ONCE = new Set(['uid', 'resourceVersion', 'correlationId', 'message', 'summary']);

/**
 * Freezes an object and all it holds. Many readers share one instance; a write to it would change what the others read. Its texts become
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
