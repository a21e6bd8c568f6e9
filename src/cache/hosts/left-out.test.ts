import { describe, expect, it } from 'vitest';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { checkOmissions, UNREAD } from './listing.ts';

/** What a list without identities means, by what reads of single hosts tell. */

const carrying = { system: true, principalId: 'p1', userAssigned: [] };
const none = { system: false, userAssigned: [] };
const host = (id: string, identity: AzureHost['identity'] = none): AzureHost => ({
  id,
  key: id,
  type: 'Microsoft.Compute/virtualMachines',
  tags: {},
  identity,
  instance: `vmId:${id}`,
});
const list = (...hosts: AzureHost[]) => [{ hosts, requestedAt: 0 }];
const held = (id: string) => host(id, carrying);

type Read = AzureHost | typeof UNREAD;
async function check(reads: Readonly<Record<string, Read>>, ...ids: string[]) {
  const asked: string[] = [];
  const checked = await checkOmissions(list(...ids.map((id) => host(id))), held, async (id) => {
    asked.push(id);
    return reads[id];
  });
  return { asked, leftOut: checked.leftOut.map(({ id }) => id) };
}

describe('a list that shows no identity of hosts that had some', () => {
  it('is believed when a read shows none either', async () => {
    const reads = { a: host('a'), b: host('b') };
    expect(await check(reads, 'a', 'b')).toEqual({ asked: ['a', 'b'], leftOut: [] });
  });

  it('leaves them out when a read shows one: what is held stays', async () => {
    const reads = { a: host('a', carrying) };
    expect(await check(reads, 'a', 'b')).toEqual({ asked: ['a'], leftOut: ['a', 'b'] });
  });

  it('is checked by the others when one cannot be read', async () => {
    expect(await check({ a: UNREAD, b: host('b') }, 'a', 'b')).toMatchObject({ leftOut: [] });
    expect(await check({ a: UNREAD, b: host('b', carrying) }, 'a', 'b')).toMatchObject({
      leftOut: ['a', 'b'],
    });
  });

  it('takes nothing away while none can be read', async () => {
    const reads = { a: UNREAD, b: UNREAD } as const;
    expect(await check(reads, 'a', 'b')).toEqual({ asked: ['a', 'b'], leftOut: ['a', 'b'] });
  });

  it('reads nothing while nothing is missed', async () => {
    const pages = list(host('a'));
    const checked = await checkOmissions(
      pages,
      () => undefined,
      () => expect.fail('asked'),
    );
    expect(checked).toEqual({ pages, leftOut: [] });
  });
});
