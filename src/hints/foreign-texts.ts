/**
 * Texts that azid did not write, on their way to people: conditions, log lines, dead letters, statuses. A caller who can put a message
 * into a queue or give something in Azure a name must not move a reader's cursor, turn a line around or add one.
 */

import { isSegment } from '../azure/names/resource-id.ts';
import { asciiLower } from '../azure/names/text.ts';
import type { HintCaller } from './hint.ts';

/** What is not seen, or does something else than be seen: controls (C1 too), marks of direction, line ends, halves of letters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One line of what can be seen, no longer than a message bears; undefined: nothing of it can be. */
export function plain(text: string | undefined, max: number): string | undefined {
  const seen = text
    // Before the rest: a sender must not make azid work on a text of a megabyte.
    ?.slice(0, 4 * max)
    .replace(UNSEEN, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (!seen) return undefined;
  const letters = [...seen];
  return letters.length <= max ? seen : `${letters.slice(0, max - 1).join('')}…`;
}

/** The same between quotes, as it stands in a sentence. */
export function quoted(text: string, max: number, quote = '"'): string {
  const seen = plain(text, max);
  return seen === undefined ? 'a text of which nothing can be seen' : `${quote}${seen}${quote}`;
}

interface Subject {
  /** Of the resource, group, subscription or assignment that is meant, in the spelling given. The tenant is `/`. */
  readonly id: string;
  /** An extension was named, and this is what it extends: it was neither made nor deleted, only the extension was. */
  readonly extended: boolean;
}

/** Longer ones are no ids of Azure. */
const MAX_ID_LENGTH = 2_048;

/** Extensions that azid reads by their own ids. */
const ON_THEIR_OWN = new Set([
  'microsoft.authorization/roleassignments',
  'microsoft.authorization/roledefinitions',
]);

/** Those that also stand directly beneath subscriptions and groups, where the form of the id is that of a resource. */
const EXTENSIONS = new Set(['microsoft.resources/tags', 'microsoft.authorization/locks']);

/**
 * What an event or a record is about. Tags, locks and a resource's own identity are resources of their own to Azure, beneath what
 * they extend: what is to be read again is that. Ids come in any case and with odd slashes (docs/azure-facts.md section 2), and are
 * foreign texts until they are parsed.
 */
export function subjectOf(id: string): Subject | undefined {
  if (id.length > MAX_ID_LENGTH) return undefined;
  let parts = id.split('/').filter((part) => part !== '');
  const root = asciiLower(parts[0] ?? '');
  if (root !== 'subscriptions' && root !== 'providers') return undefined;
  if (parts.length % 2 !== 0 || !parts.every(isSegment)) return undefined;
  for (let extended = false; ; extended = true) {
    const at = lastProvider(parts);
    if (at === undefined) return { id: `/${parts.join('/')}`, extended };
    const [, namespace, type, name] = parts.slice(at);
    if (name === undefined) return undefined;
    const kind = asciiLower(`${namespace}/${type}`);
    const within = parts.slice(0, at);
    const extension = EXTENSIONS.has(kind) || lastProvider(within) !== undefined;
    if (ON_THEIR_OWN.has(kind) || !extension) return { id: `/${parts.join('/')}`, extended };
    if (within.length === 0) return { id: '/', extended: true };
    parts = within;
  }
}

/** Words of the path are every second part: a group may well be named `providers`. */
function lastProvider(parts: readonly string[]): number | undefined {
  for (let at = parts.length - 2; at >= 0; at -= 2)
    if (asciiLower(parts[at] ?? '') === 'providers') return at;
  return undefined;
}

/** Longest text that is kept of one: a user's name is at most 113 characters, and a sender must not fill memory with it. */
const MAX_LENGTH = 256;

const SOAP = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

/** Claims that name a user, the best first. `name` is a display name, which any user may choose. */
const NAMES = [`${SOAP}/upn`, 'upn', 'preferred_username', 'unique_name', `${SOAP}/name`, 'name'];
const OBJECT_IDS = ['http://schemas.microsoft.com/identity/claims/objectidentifier', 'oid'];
const APP_IDS = ['appid', 'azp'];

/**
 * Who made a call, by the claims of their token in an event or a record. Nothing else of the claims is kept: they
 * also hold addresses and groups. Undefined where they name no caller.
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
