import { createInterface } from 'node:readline/promises';
import { loadKubeEndpoint } from '../../kube/access/config.ts';
import { KubeClient } from '../../kube/client.ts';
import { isForbidden } from '../../kube/errors.ts';
import { KubeTransport } from '../../kube/transport/transport.ts';
import type { LeavingDeps } from '../../leaving/deps.ts';
import { systemClock } from '../../runtime/time/clock.ts';
import { EXIT, interruptible } from '../interruptible.ts';
import { VERSION } from '../version.ts';
import type { LeavingFlags } from './leaving-flags.ts';

/** From flags to a command that leaves: the caller's cluster, progress on stderr, Ctrl-C, and an exit code. */

/** @param work resolves with the exit code */
export function runLeaving(
  name: string,
  flags: LeavingFlags,
  work: (deps: LeavingDeps) => Promise<number>,
): Promise<number> {
  return interruptible(async (signal) => {
    let transport: KubeTransport | undefined;
    try {
      const { kubeconfig, namespace, leaseName } = flags;
      const clock = systemClock;
      const endpoint = loadKubeEndpoint({ clock, ...(kubeconfig !== undefined && { kubeconfig }) });
      transport = new KubeTransport({ endpoint, clock, userAgent: `azid-${name}/${VERSION}` });
      const client = new KubeClient(transport);
      const say = (line: string) => void process.stderr.write(`${line}\n`);
      return await work({ client, clock, namespace, leaseName, say, signal });
    } catch (error) {
      if (signal.aborted) {
        process.stderr.write(`azid ${name}: interrupted; the same command goes on from here\n`);
        return EXIT.interrupted;
      }
      const remedy = isForbidden(error) ? '; the command needs the rights of an administrator of azid' : '';
      process.stderr.write(`azid ${name}: ${error instanceof Error ? error.message : error}${remedy}\n`);
      return EXIT.failed;
    } finally {
      await transport?.close();
    }
  });
}

/** At a terminal the user is asked; a script must have passed the flag. */
export async function isConfirmed(
  question: string,
  yes: boolean | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    process.stderr.write('expected --yes, since nobody can be asked here\n');
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
}
