/**
 * What an event or a record is about. Tags, locks and a resource's own identity are resources of their own to Azure, beneath what
 * they extend: what is to be read again is that. Ids come in any case and with odd slashes (docs/azure-facts.md section 2), and are
 * texts of a stranger until they are taken apart.
 */
import { asciiLower } from '../azure/names/ascii.ts';
import { isSegment } from '../azure/names/resource-id.ts';

interface Subject {
  /** Of the resource, group, subscription or assignment that is meant, in the spelling given. The tenant is `/`. */
  readonly id: string;
  /** An extension was named, and this is what it extends: it was neither made nor deleted, whatever befell the extension. */
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

/** What the id stands for: what it extends, where it is an extension's; else itself. Undefined: it is no id. */
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
