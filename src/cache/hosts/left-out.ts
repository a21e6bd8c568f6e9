/**
 * That every provider fills `identity` in lists is unsure (docs/azure-facts.md section 7). A list that shows not one identity,
 * although hosts are held to have some, is judged by a GET: if that shows an identity, the list leaves them out, and what
 * is held of these hosts' identities stays. Judged anew with each list, for one GET while it stays so.
 */
import type { AzureHost } from '../../azure/hosts/host.ts';
import type { HostPage } from '../../azure/hosts/hosts.ts';
import { sameHostInstance } from './content.ts';

/** What a read came to that failed. */
export const UNREAD = 'unread';

/** So many hosts that really lost all their identities are read before the list is believed. */
const MAX_READS = 5;

export interface JudgedList {
  /** With the identities that are held, for the hosts whose identities the list omits. */
  readonly pages: readonly HostPage[];
  /** Those whose identities the list omits. */
  readonly leftOut: readonly AzureHost[];
}

/**
 * `held`: what is held to be there. `read`: a live GET, and what is held after it. One that cannot be read must not keep
 * the list of all others from being believed; if none of them can, what is held stays.
 */
export async function judgeList(
  pages: readonly HostPage[],
  held: (id: string) => AzureHost | undefined,
  read: (id: string) => Promise<AzureHost | undefined | typeof UNREAD>,
): Promise<JudgedList> {
  const asShown = { pages, leftOut: [] };
  const all = pages.flatMap(({ hosts }) => hosts);
  if (all.some(carries)) return asShown;
  const doubtful = all.filter((host) => keptFor(host, held(host.id)) !== undefined);
  let leavesOut = doubtful.length > 0;
  for (const host of doubtful.slice(0, MAX_READS)) {
    const found = await read(host.id);
    if (found === UNREAD) continue;
    leavesOut = keptFor(host, found) !== undefined;
    if (leavesOut) break;
  }
  if (!leavesOut) return asShown;
  const completed = pages.map(({ hosts, requestedAt }) => ({
    requestedAt,
    hosts: hosts.map((host) => {
      const identity = keptFor(host, held(host.id));
      return identity ? { ...host, identity } : host;
    }),
  }));
  return { pages: completed, leftOut: completed.flatMap(({ hosts }) => hosts).filter(carries) };
}

/** Of one that was made again nothing is kept. */
function keptFor(host: AzureHost, before: AzureHost | undefined): AzureHost['identity'] | undefined {
  return before && carries(before) && sameHostInstance(before, host) ? before.identity : undefined;
}

function carries({ identity }: AzureHost): boolean {
  return identity.system || identity.userAssigned.length > 0 || identity.unknownType !== undefined;
}
