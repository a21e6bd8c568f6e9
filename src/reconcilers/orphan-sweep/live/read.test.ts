import { expect, it } from 'vitest';
import type { KubeClient } from '../../../kube/client.ts';
import type { Resource } from '../../../kube/types.ts';
import { assignment, credential, identity } from '../../../orphans/sweep.fixture.ts';
import type { LiveDeps, Looking } from './read.ts';
import { readLive } from './read.ts';

const NOT_THERE = { get: async () => ({ found: false }) };

/** Azure has nothing of it; the API server has whatever it is asked for. */
async function ownerReadFor(candidate: object): Promise<readonly string[]> {
  const asked: string[] = [];
  const client = {
    get: async ({ kind }: Resource, key: string) => {
      asked.push(`${kind} ${key}`);
      return {};
    },
  } as unknown as KubeClient;
  const deps = {
    client,
    identities: NOT_THERE,
    assignments: NOT_THERE,
    credentials: NOT_THERE,
    clock: { monotonic: () => 0 },
  } as unknown as LiveDeps;
  const signal = new AbortController().signal;
  const looking = { candidate } as unknown as Looking;
  const { owner } = await readLive(looking, { priority: 'resync', signal }, deps);
  expect(owner).toEqual({ state: 'present' });
  return asked;
}

it.each([
  ['Identity', identity(), 'shop/web', 'UserAssignedIdentity shop/web'],
  ['RoleAssignment', assignment(), 'shop/read', 'RoleGrant shop/read'],
  ['FederatedIdentityCredential', credential(), 'shop/ci', 'FederatedIdentityCredential shop/ci'],
] as const)(
  'the owner of a %s is asked for at the API server, by its own kind',
  async (type, thing, owner, asked) => {
    expect(await ownerReadFor({ ...thing, type, owner })).toEqual([asked]);
  },
);
