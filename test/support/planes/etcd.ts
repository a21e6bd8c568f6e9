/**
 * What an API server has stored, read and removed below it, in its etcd: all kinds at once, and namespaces without a
 * controller to empty them. The API server learns of it by its own watches, as from a second API server.
 */
import { request } from 'node:http';
import { join } from 'node:path';

/** etcd refuses a transaction of more than 128 operations by default. */
const OPERATIONS = 100;

/** By key (`/registry/configmaps/team-1/web`): etcd's revision of its last write. */
export type Revisions = ReadonlyMap<string, number>;

export async function storedKeys(dataDir: string, folder = '/registry/'): Promise<Revisions> {
  const { kvs = [] } = (await call(dataDir, 'range', {
    ...allIn(folder),
    keys_only: true,
  })) as { kvs?: { key: string; mod_revision: string }[] };
  return new Map(kvs.map(({ key, mod_revision }) => [text(key), Number(mod_revision)]));
}

/** By key, what of custom resources is stored: JSON, as the API server writes them. */
export async function storedValues(dataDir: string, folder: string): Promise<ReadonlyMap<string, unknown>> {
  const { kvs = [] } = (await call(dataDir, 'range', allIn(folder))) as {
    kvs?: { key: string; value: string }[];
  };
  return new Map(kvs.map(({ key, value }) => [text(key), JSON.parse(text(value)) as unknown]));
}

/** As a restore of etcd's backup: objects as the API server stores them, with their UIDs; etcd counts their versions anew. */
export async function storeKeys(dataDir: string, values: ReadonlyMap<string, object>): Promise<void> {
  const puts = [...values].map(([key, value]) => ({
    request_put: { key: base64(key), value: base64(JSON.stringify(value)) },
  }));
  for (let at = 0; at < puts.length; at += OPERATIONS)
    await call(dataDir, 'txn', { success: puts.slice(at, at + OPERATIONS) });
}

/** A key that ends with a slash stands for all below it. */
export async function removeKeys(dataDir: string, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += OPERATIONS) {
    const success = keys.slice(at, at + OPERATIONS).map((key) => ({
      request_delete_range: key.endsWith('/') ? allIn(key) : { key: base64(key) },
    }));
    await call(dataDir, 'txn', { success });
  }
}

/** Up to what follows the slash in ASCII. */
function allIn(folder: string): { readonly key: string; readonly range_end: string } {
  return { key: base64(folder), range_end: base64(folder.replace(/\/$/, '0')) };
}

const base64 = (plain: string) => Buffer.from(plain).toString('base64');
const text = (encoded: string) => Buffer.from(encoded, 'base64').toString();

/** etcd's own JSON gateway, on the socket that only this user can reach. */
function call(dataDir: string, verb: 'range' | 'txn', body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({
      socketPath: join(dataDir, 'etcd.sock'),
      path: `/v3/kv/${verb}`,
      method: 'POST',
      agent: false,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(JSON.parse(answer));
        else reject(new Error(`etcd answered ${verb} with HTTP ${response.statusCode}: ${answer}`));
      });
    });
    sent.end(JSON.stringify(body));
  });
}
