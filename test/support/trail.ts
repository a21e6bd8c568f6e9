import { expect } from 'vitest';
import { isWrite } from '../../src/azure/arm/arm-policies.ts';
import type { LoggedRequest } from '../../src/simulator/http/request-log.ts';
import type { World } from './testbed.ts';

/**
 * What azid wrote in Azure, in its order and in few words, so that a test can say which came first:
 * `vm1 -app`, `vm1 +app`, `web SystemAssigned`, `grant +`, `grant -`, `credential ci`, `identity app`.
 */

/** Longer than azid's interval between lists. */
export const RESYNC = 11 * 60_000;

/** Whether a request changed something, or was to: some questions are asked by POST. */
export function changesAzure({ method, path }: Pick<LoggedRequest, 'method' | 'path'>): boolean {
  return isWrite({ method, url: `https://azure.invalid${path}` });
}

/** azid's writes after the first `since` of the log; what Azure refused ends in its status: `vm1 -app 409`. */
export function trail(world: World, since = 0): string[] {
  return world.azure
    .requests(since)
    .filter((request) => request.caller === 'controller' && changesAzure(request))
    .map((request) => `${wordsOf(request)}${request.status >= 400 ? ` ${request.status}` : ''}`);
}

/** Those about one host, without its name. */
export function trailOf(world: World, host: string, since = 0): string[] {
  return trail(world, since)
    .filter((words) => words.startsWith(`${host} `))
    .map((words) => words.slice(host.length + 1));
}

/** Nothing is left to do: a whole resync reads, and writes nothing. */
export async function atRest(world: World): Promise<void> {
  // What hangs on the thing that was waited for may be under way: grants follow an identity a moment later.
  await world.pass(60_000);
  const since = world.azure.requests().length;
  await world.pass(RESYNC);
  expect(trail(world, since)).toEqual([]);
  expect(world.azure.requests(since).length).toBeGreaterThan(0);
}

function wordsOf({ method, path, body }: LoggedRequest): string {
  const [name = '', collection = ''] = (path.split('?')[0] ?? '').split('/').reverse();
  switch (collection.toLowerCase()) {
    case 'roleassignments':
      return `grant ${method === 'DELETE' ? '-' : '+'}`;
    case 'federatedidentitycredentials':
      return `credential ${method === 'DELETE' ? '-' : ''}${name}`;
    case 'userassignedidentities':
      return `identity ${method === 'DELETE' ? '-' : ''}${name}`;
    default:
      return `${name} ${identityWords(method, (body as { identity?: Sent } | undefined)?.identity)}`;
  }
}

interface Sent {
  readonly type: string;
  readonly userAssignedIdentities?: Readonly<Record<string, object | null>> | null;
}

/** A PATCH by what it adds and removes, `-*` for all at once; a PUT by all that it leaves: `=app foreign`. */
function identityWords(method: string, sent: Sent | undefined): string {
  if (!sent) return method;
  const entries = Object.entries(sent.userAssignedIdentities ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const nameOf = (id: string) => id.split('/').at(-1);
  if (method === 'PUT') return `=${entries.map(([id]) => nameOf(id)).join(' ')}`;
  if (entries.length > 0)
    return entries.map(([id, value]) => `${value === null ? '-' : '+'}${nameOf(id)}`).join(' ');
  return sent.userAssignedIdentities === null ? `${sent.type} -*` : sent.type;
}
