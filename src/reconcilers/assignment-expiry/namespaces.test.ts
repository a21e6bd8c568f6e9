import { expect, it } from 'vitest';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { expiryNamespaces } from './index.ts';

it('takes the turns of all its owners, each once; else azid’s own', () => {
  const stores = emptyStores();
  expect(expiryNamespaces('azid-system/e', stores)).toEqual(['']);
  const owner = (namespace: string, uid: string) => ({ namespace, name: 'read', uid });
  put(stores.expiries, {
    metadata: meta('e', { namespace: 'azid-system' }),
    spec: { assignmentId: '/x', owners: [owner('shop', '1'), owner('bank', '2'), owner('shop', '3')] },
  });
  expect(expiryNamespaces('azid-system/e', stores)).toEqual(['shop', 'bank']);
});
