import { release } from '../../leaving/release.ts';
import { asAdministrator } from '../as-administrator.ts';
import { EXIT } from '../interruptible.ts';
import { isConfirmed } from './confirm.ts';
import type { ReleaseFlags } from './release.ts';

export function runRelease(kind: string, key: string, flags: ReleaseFlags): Promise<number> {
  return asAdministrator('release', flags, async (deps) => {
    const confirm = (ids: readonly string[]) =>
      isConfirmed(
        ids.length === 0
          ? 'Its status names nothing in Azure. Let it go?'
          : `These stay in Azure: ${ids.join(', ')}. Let it go?`,
        flags.yes,
        deps.signal,
      );
    const { timeout: timeoutMs, withoutController = false } = flags;
    const released = await release({ kind, key }, deps, { timeoutMs, withoutController, confirm });
    if (!released) return EXIT.failed;
    for (const id of released.azure) process.stdout.write(`${id}\n`);
    deps.say(`${released.kind} ${released.object} was let go`);
    return EXIT.done;
  });
}
