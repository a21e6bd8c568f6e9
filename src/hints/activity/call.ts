/** A call to Azure as the journal keeps it: who made it, which reports are of one call, and under which keys it is kept. */

import { armKey } from '../../azure/names/resource-id.ts';
import { sameText } from '../../azure/names/text.ts';
import { plain } from '../foreign-texts.ts';
import type { HintCaller } from '../hint.ts';

/** A call that made, changed or deleted something in Azure, as the journal has it. */
export interface Call {
  /** Wall ms, for people: of foreign calls by Azure's clock, never later than it was heard of. */
  readonly at: number;
  /**
   * Wall ms by Azure's clock, by which calls are compared: azid's may be minutes off. Of azid's own it is known once
   * an event or a record reports the call, and shared by all entries of it.
   */
  readonly azure: { at?: number };
  /** As Azure spells it: `Microsoft.ManagedIdentity/userAssignedIdentities/write`. */
  readonly operation: string;
  readonly change: 'write' | 'delete';
  /** `Accepted`: a call of azid's own that Azure carries out over time; the object's conditions show what became of it. */
  readonly result: CallResult;
  readonly correlationId?: string | undefined;
  /** For people, cleaned; absent: no caller is named. */
  readonly caller?: string | undefined;
  /** By a name, not by an id. */
  readonly isNamed?: boolean | undefined;
  /** Made by this azid, or by another process with its identity. */
  readonly own: boolean;
  /** Of azid's own: whose call it put right, in words. */
  readonly repaired?: string | undefined;
  /** Of a foreign write to a resource that holds more than what azid gave: what azid gave was found missing after it. */
  readonly blamed?: boolean | undefined;
}

/** When it was, to order calls: wall ms. */
export function timeOf({ azure, at }: Pick<Call, 'azure' | 'at'>): number {
  return azure.at ?? at;
}

type CallResult = 'Succeeded' | 'Failed' | 'Canceled' | 'Accepted';

/** A user's name is at most 113 characters. */
const MAX_CALLER = 128;
/** Longest one that Azure has is about 120. */
const MAX_OPERATION = 200;
const MAX_CORRELATION = 64;

/** The name of a user, else the id of an application, else that of a principal. Foreign text: it goes into messages. */
export function callerOf({ name, appId, objectId }: HintCaller = {}): Pick<Call, 'caller' | 'isNamed'> {
  const called = plain(name, MAX_CALLER);
  if (called !== undefined)
    return { caller: isOwnText(called) ? `another ${called}` : called, isNamed: true };
  const application = plain(appId, MAX_CALLER);
  if (application !== undefined) return { caller: `application ${application}` };
  const principal = plain(objectId, MAX_CALLER);
  return principal === undefined ? {} : { caller: `principal ${principal}` };
}

/** azid itself, with the object id of its identity once that is known. */
export function ownCaller(objectId: string | undefined): string {
  return objectId === undefined ? 'azid' : `azid (${objectId})`;
}

/** No other caller is shown so: see `callerOf`. */
export function isOwnText(caller: string | undefined): boolean {
  return caller !== undefined && /^azid\b/i.test(caller);
}

export const operationText = (operation: string) => plain(operation, MAX_OPERATION) ?? '';
export const correlationText = (id: string | undefined) => plain(id, MAX_CORRELATION);

/**
 * What Azure calls a write or deletion of this resource: `Microsoft.Authorization/roleAssignments/write`. By the last provider of the
 * id, since an assignment's id begins with that of its scope.
 */
export function operationOf(id: string, change: Call['change']): string {
  const [, own = ''] = /.*\/providers\/(.+)$/i.exec(id) ?? [];
  const [namespace, ...path] = own.split('/').filter((part) => part !== '');
  const types = path.filter((_, at) => at % 2 === 0);
  return [namespace, ...types, change].filter((part) => part !== undefined).join('/');
}

/**
 * A deployment has one correlation id for all that it does; of azid's own, each call has one. A client may send any, one of azid's
 * too: what azid did and what others did are never one call.
 */
export function isSame(left: Call, right: Call): boolean {
  if (left.own !== right.own) return false;
  if (left.correlationId !== undefined && right.correlationId !== undefined)
    return (
      sameText(left.correlationId, right.correlationId) &&
      (left.own || sameText(left.operation, right.operation))
    );
  const sameId = left.correlationId === right.correlationId;
  return sameId && !left.own && left.at === right.at && left.operation === right.operation;
}

/**
 * Two reports of one call: azid's own knowledge of its calls wins; else the first report, with a name in place of an
 * id, and the result of the later. The same value where nothing is new.
 */
export function merged(known: Call, other: Call): Call {
  // Shared with the entries of the parts of a resource, so that a time learnt for one holds for all.
  const at = known.azure.at ?? other.azure.at;
  if (at !== undefined) for (const { azure } of [known, other]) azure.at ??= at;
  if (known.own)
    return other.repaired !== undefined && known.repaired === undefined
      ? { ...known, repaired: other.repaired }
      : known;
  const better =
    other.caller !== undefined && (known.caller === undefined || (other.isNamed && !known.isNamed));
  const blamed = other.blamed ?? known.blamed;
  if (!better && other.result === known.result && blamed === known.blamed) return known;
  return {
    ...known,
    ...(better && { caller: other.caller, isNamed: other.isNamed }),
    result: resultOf(known, other),
    blamed,
  };
}

/** The later report has the result. */
function resultOf(known: Call, other: Call): CallResult {
  return other.at >= known.at ? other.result : known.result;
}

/** The key of a part of a resource that an object owns by itself; a whole resource has `armKey`. `#` stands in no id. */
export function partOf(id: string, part: string): string {
  return `${armKey(id)}#${part}`;
}

/** The resource and the part of it that such a key is of. */
export function parsePart(key: string): { readonly resource: string; readonly part: string } | undefined {
  const at = key.indexOf('#');
  return at < 0 ? undefined : { resource: key.slice(0, at), part: key.slice(at + 1) };
}
