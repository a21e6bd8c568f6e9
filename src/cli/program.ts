import { Command } from 'commander';
import { addControllerCommand } from './controller.ts';
import { addSandboxCommand } from './sandbox.ts';
import { VERSION } from './version.ts';

/** The `azid` command: one subcommand a file. */
export function createProgram(): Command {
  const program = new Command('azid')
    .description('Azure managed identities, and what they may do, kept as declared in Kubernetes.')
    .version(VERSION)
    .showHelpAfterError('(run the command with --help for all flags)')
    .configureHelp({ showGlobalOptions: false });
  addControllerCommand(program);
  addSandboxCommand(program);
  return program;
}
