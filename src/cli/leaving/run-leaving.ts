import { createInterface } from 'node:readline/promises';
import type { LeavingDeps } from '../../leaving/deps.ts';
import { inCluster } from '../in-cluster.ts';
import type { LeavingFlags } from './leaving-flags.ts';

/**
 * From flags to a command that leaves. What it has done so far is found again by the next run.
 *
 * @param work resolves with the exit code
 */
export function runLeaving(
  name: string,
  flags: LeavingFlags,
  work: (deps: LeavingDeps) => Promise<number>,
): Promise<number> {
  const { namespace, leaseName } = flags;
  return inCluster(
    {
      name,
      interrupted: 'the same command goes on from here',
      forbidden: 'the command needs the rights of an administrator of azid',
    },
    flags,
    ({ contextNamespace: _, ...deps }) => work({ ...deps, namespace, leaseName }),
  );
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
  // While a question is open, Ctrl-C comes as a key and not as a signal.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
}
