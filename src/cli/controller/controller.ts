import type { Command } from 'commander';
import { withCaPem } from '../azure-flags.ts';
import { endProcess } from '../end-process.ts';
import { optionOf } from '../flag.ts';
import { type ControllerFlags, FLAGS } from './controller-flags.ts';

/** `azid controller`: runs the controller with the flags of controller-flags.ts. */

export function addControllerCommand(program: Command): void {
  const command = program
    .command('controller')
    .description('Run the controller: keep Azure as declared in the cluster.')
    .allowExcessArguments(false);
  for (const flag of FLAGS) command.addOption(optionOf(flag));
  command.action(async (options: Omit<ControllerFlags, 'caPem'> & { caFile?: string }) => {
    // Imported by the command that runs: each of them is far larger than reading its flags.
    const { runController } = await import('./run-controller.ts');
    endProcess(await runController(withCaPem(options)));
  });
}
