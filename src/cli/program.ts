import { Command } from 'commander';
import { addControllerCommand } from './controller/controller.ts';
import { addHandoverCommand } from './leaving/handover.ts';
import { addReleaseCommand } from './leaving/release.ts';
import { addUninstallCommand } from './leaving/uninstall.ts';
import { addOrphansCommand } from './orphans/orphans.ts';
import { addRestoreCommand } from './orphans/restore.ts';
import { VERSION } from './version.ts';

/** The `azid` command: one subcommand a file. `more`: those that only a checkout has, such as the sandbox. */
export function createProgram(more: readonly ((program: Command) => void)[] = []): Command {
  const program = new Command('azid')
    .description('Azure managed identities, and what they may do, kept as declared in Kubernetes.')
    .version(VERSION)
    .showHelpAfterError('(run the command with --help for all flags)')
    .configureHelp({ showGlobalOptions: false });
  addControllerCommand(program);
  addUninstallCommand(program);
  addReleaseCommand(program);
  addHandoverCommand(program);
  addRestoreCommand(program);
  addOrphansCommand(program);
  for (const add of more) add(program);
  return program;
}
