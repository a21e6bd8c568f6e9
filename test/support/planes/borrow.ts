import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { kubeconfigText, writePrivateFile } from '../../../src/sandbox/apiserver/access.ts';
import { getBinaries } from '../../../src/sandbox/apiserver/binaries/binaries.ts';
import type { ControlPlane } from '../../../src/sandbox/apiserver/control-plane.ts';
import type { Lent } from './lender.ts';

/** Set by `global-setup.ts` to the path of the lender's socket; without it there is nobody to borrow from. */
export const LENDER = 'AZID_TEST_PLANES';

/** An API server with azid installed, until `stop`. */
export async function borrowPlane(path: string): Promise<ControlPlane> {
  const socket = createConnection(path);
  const lines = createInterface({ input: socket });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(socket, 'close').then(() => Promise.reject(new Error('the lender of API servers is gone'))),
  ])) as [string];
  const lent = JSON.parse(line) as Lent;
  if ('error' in lent) throw new Error(`starting an API server to lend: ${lent.error}`);
  const stop = async () => {
    socket.destroy();
  };
  return {
    ...lent,
    kubectlPath: async () => (await getBinaries(['kubectl'])).kubectl,
    async writeKubeconfig(file, auth) {
      if ('user' in auth) return ownOnly();
      await writePrivateFile(file, kubeconfigText({ server: lent.server, caPem: lent.caPem }, auth));
    },
    restartApiServer: ownOnly,
    stopApiServer: ownOnly,
    startApiServer: ownOnly,
    freeze: ownOnly,
    resume: ownOnly,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function ownOnly(): never {
  throw new Error(
    'this API server is lent to one file after the other: ask for one of your own, { own: true }',
  );
}
