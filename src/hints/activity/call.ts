import type { HintCaller } from '../hint.ts';
import { plain } from '../plain.ts';

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
  /** For people, cleaned; absent: nobody is named. */
  readonly caller?: string | undefined;
  /** By a name, not by an id. */
  readonly isNamed?: boolean | undefined;
  /** Made by this azid, or by whoever has its identity. */
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

export type CallResult = 'Succeeded' | 'Failed' | 'Canceled' | 'Accepted';

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

/** Nobody else is called so: see `callerOf`. */
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
