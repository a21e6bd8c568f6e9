import { describe, expect, it } from 'vitest';
import type { AzureHost } from '../azure/hosts/host.ts';
import { judgeSight, UNREAD } from './host-sight.ts';

/** What a list without identities means, by what looks at single hosts tell. */

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

type Look = AzureHost | typeof UNREAD;
async function judge(looks: Readonly<Record<string, Look>>, ...ids: string[]) {
  const asked: string[] = [];
  const sight = await judgeSight(list(...ids.map((id) => host(id))), held, async (id) => {
    asked.push(id);
    return looks[id];
  });
  return { asked, blind: sight.blind, unseen: sight.unseen.map(({ id }) => id) };
}

describe('a list that shows no identity of hosts that had some', () => {
  it('is believed when a look shows none either', async () => {
    const looks = { a: host('a'), b: host('b') };
    expect(await judge(looks, 'a', 'b')).toEqual({ asked: ['a', 'b'], blind: false, unseen: [] });
  });

  it('is blind when a look shows one: what is held stays', async () => {
    const looks = { a: host('a', carrying) };
    expect(await judge(looks, 'a', 'b')).toEqual({ asked: ['a'], blind: true, unseen: ['a', 'b'] });
  });

  it('is judged by the others when one cannot be read', async () => {
    expect(await judge({ a: UNREAD, b: host('b') }, 'a', 'b')).toMatchObject({ blind: false, unseen: [] });
    expect(await judge({ a: UNREAD, b: host('b', carrying) }, 'a', 'b')).toMatchObject({ blind: true });
  });

  it('takes nothing away while none can be read', async () => {
    const looks = { a: UNREAD, b: UNREAD } as const;
    expect(await judge(looks, 'a', 'b')).toEqual({ asked: ['a', 'b'], blind: true, unseen: ['a', 'b'] });
  });

  it('asks nobody while nothing is missed', async () => {
    const pages = list(host('a'));
    const sight = await judgeSight(
      pages,
      () => undefined,
      () => expect.fail('asked'),
    );
    expect(sight).toEqual({ blind: false, pages, unseen: [] });
  });
});
