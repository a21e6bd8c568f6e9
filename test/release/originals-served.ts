import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DebianSource, NodeSource } from '../../scripts/image/originals.ts';

/** What `originals/make.sh` made: releases of Node behind a server, and an archive of Debian that apt reads as files. */

export const FOLDER = fileURLToPath(new URL('originals', import.meta.url));

/** gpgv and apt are Debian's and Ubuntu's, where images are verified. */
export const toolsAreHere = (
  await Promise.all(
    ['gpgv', 'apt-get', 'dpkg-deb', 'xz'].map(async (name) => {
      const places = (process.env.PATH ?? '').split(delimiter).map((folder) => access(join(folder, name)));
      return Promise.any(places).then(
        () => true,
        () => false,
      );
    }),
  )
).every((here) => here);

export interface ServedOriginals extends AsyncDisposable {
  readonly node: NodeSource;
  readonly debian: DebianSource;
  /** What is answered instead of a file of this name. */
  readonly instead: Map<string, Buffer>;
}

export async function serveOriginals(): Promise<ServedOriginals> {
  const instead = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const [name = ''] = path.split('/').slice(-1);
    const bytes = instead.get(name);
    if (bytes) response.end(bytes);
    else
      readFile(join(FOLDER, path)).then(
        (file) => response.end(file),
        () => response.writeHead(404).end(),
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sha256 = createHash('sha256')
    .update(await readFile(join(FOLDER, 'node.gpg')))
    .digest('hex');
  return {
    node: { releases: `${origin}/node`, keys: { url: `${origin}/node.gpg`, sha256 } },
    debian: { mirror: `file:${FOLDER}`, keyring: join(FOLDER, 'debian.gpg') },
    instead,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
