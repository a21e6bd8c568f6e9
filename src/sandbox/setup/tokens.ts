/** ServiceAccount tokens in files, renewed in time: what the kubelet does for a pod's projected volume. */
import { rename } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import { createToken } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { writePrivateFile } from '../apiserver/kubeconfig.ts';

interface TokenFileOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent: the API server's own. */
  readonly audience?: string;
  readonly path: string;
  /** Hears of each renewal that failed. */
  readonly onTrouble: (message: string) => void;
}

const LIFETIME_S = 3600;
/** The kubelet renews at 80 % of the lifetime (kubernetes.io, "Configure Service Accounts for Pods"). */
const RENEW_AT = 0.8;
const RETRY_MS = 10_000;

/** Resolves when the file holds a token, readable by its owner only. Disposing ends the renewal. */
export async function keepToken(options: TokenFileOptions, signal: AbortSignal): Promise<Disposable> {
  const { clock, path, onTrouble } = options;
  const closing = new AbortController();
  let timer: Disposable | undefined;
  const arm = (ms: number) => {
    if (!closing.signal.aborted) timer = clock.timer(ms, () => void renew());
  };
  const renew = async () => {
    try {
      arm((await writeToken(options, closing.signal)) * RENEW_AT);
    } catch (error) {
      if (closing.signal.aborted) return;
      onTrouble(`renewing the token in ${path}: ${(error as Error).message}; again in ${RETRY_MS / 1000} s`);
      arm(RETRY_MS);
    }
  };
  arm((await writeToken(options, signal)) * RENEW_AT);
  return {
    [Symbol.dispose]() {
      closing.abort(new Error('the token is no longer renewed'));
      timer?.[Symbol.dispose]();
    },
  };
}

/** Returns the token's lifetime in ms, which the server may have shortened. By its own claims: clocks may differ. */
async function writeToken(options: TokenFileOptions, signal: AbortSignal): Promise<number> {
  const { client, namespace, serviceAccount, audience, path } = options;
  const audiences = audience === undefined ? [] : [audience];
  const wanted = { audiences, expirationSeconds: LIFETIME_S };
  const { token } = await createToken(client, namespace, serviceAccount, wanted, signal);
  // A reader sees the old token or the new one, never half of one.
  await writePrivateFile(`${path}.new`, token);
  await rename(`${path}.new`, path);
  const { iat = 0, exp = iat + LIFETIME_S } = decodeJwt(token);
  return (exp - iat) * 1000;
}
