import type { HintCaller } from './hint.ts';
import { UNSEEN } from './plain.ts';

/** Longest text that is kept of one: a user's name is at most 113 characters, and nobody may fill memory with it. */
const MAX_LENGTH = 256;

const SOAP = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

/** Claims that name a user, the best first. `name` is what they are called, which anybody may be. */
const NAMES = [`${SOAP}/upn`, 'upn', 'preferred_username', 'unique_name', `${SOAP}/name`, 'name'];
const OBJECT_IDS = ['http://schemas.microsoft.com/identity/claims/objectidentifier', 'oid'];
const APP_IDS = ['appid', 'azp'];

/**
 * Who made a call, by the claims of their token in an event or a record. Nothing else of the claims is kept: they
 * also hold addresses and groups. Undefined where they name nobody.
 */
export function callerOf(claims: unknown): HintCaller | undefined {
  if (typeof claims !== 'object' || claims === null) return undefined;
  const first = (names: readonly string[]) => {
    for (const name of names) {
      const value = Object.hasOwn(claims, name)
        ? shown((claims as Record<string, unknown>)[name])
        : undefined;
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const [name, objectId, appId] = [first(NAMES), first(OBJECT_IDS), first(APP_IDS)];
  if (name === undefined && objectId === undefined && appId === undefined) return undefined;
  return {
    ...(name !== undefined && { name }),
    ...(objectId !== undefined && { objectId }),
    ...(appId !== undefined && { appId }),
  };
}

/** A text of printable characters only, none of which hides or reorders others. */
function shown(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.slice(0, MAX_LENGTH).replace(UNSEEN, '').trim();
  return text === '' ? undefined : text;
}
