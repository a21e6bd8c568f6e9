import { createLog } from '../../observability/logs/logs.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import { systemClock } from '../../runtime/time/clock.ts';
import { type ControllerFlags, FLAGS } from '../controller/controller-flags.ts';
import { optionsOf } from '../controller/run-controller.ts';
import { endInterrupted, NOTHING_CHANGED } from '../in-cluster.ts';
import { EXIT, interruptible } from '../interruptible.ts';
import { reportOrphans } from './orphan-report.ts';
import type { OrphansFlags } from './orphans.ts';
import { exitCodeOf, jsonOf, textOf } from './orphans-text.ts';

export function runOrphans({ scope, output, ...given }: OrphansFlags): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  return interruptible(async (signal) => {
    try {
      const flags = { ...defaults(), listenAddress: '0', logFormat: 'text', ...given } as ControllerFlags;
      const log = createLog({
        clock: systemClock,
        level: flags.logLevel === 'info' ? 'warn' : flags.logLevel,
        format: 'text',
      });
      const report = await unlessAborted(
        reportOrphans(optionsOf(flags, process.env, log), scope, say, signal),
        signal,
      );
      process.stdout.write(output === 'json' ? jsonOf(report) : textOf(report, output === 'wide'));
      return exitCodeOf(report);
    } catch (error) {
      if (signal.aborted) return endInterrupted('orphans', NOTHING_CHANGED);
      say(`azid orphans: ${error instanceof Error ? error.message : error}`);
      return EXIT.failed;
    }
  });
}

/** Of those flags of the controller that a report has no use for. */
function defaults(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    FLAGS.filter(({ fallback }) => fallback !== undefined).map(({ flags, fallback }) => {
      const name = flags.split(' ')[0]?.slice(2) ?? '';
      return [name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), fallback];
    }),
  );
}
