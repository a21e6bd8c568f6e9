import { basename } from 'node:path';
import { Command } from 'commander';
import { VERSION } from './azid-version.ts';
import { addCheckCommand } from './check.ts';
import { addCompletionCommand } from './completion.ts';
import { addControllerCommand } from './controller/controller.ts';
import { addExplainCommand } from './explain.ts';
import { addHandoverCommand } from './leaving/handover.ts';
import { addReleaseCommand } from './leaving/release.ts';
import { addUninstallCommand } from './leaving/uninstall.ts';
import { addOrphansCommand } from './orphans/orphans.ts';
import { addRestoreCommand } from './orphans/restore.ts';
import { addStatusCommand } from './status/status.ts';
import { addVersionCommand } from './version.ts';

interface ProgramOptions {
  /** Commands that only a checkout has, such as the sandbox. */
  readonly more?: readonly ((program: Command) => void)[];
  /** How it was called. */
  readonly name?: string;
}

/** The `azid` command: one subcommand a folder or file. */
export function createProgram({ more = [], name = 'azid' }: ProgramOptions = {}): Command {
  const program = new Command(name)
    .description('Azure managed identities, and what they may do, kept as declared in Kubernetes.')
    .version(VERSION)
    .showHelpAfterError('(run the command with --help for all flags)')
    .configureHelp({ showGlobalOptions: false });
  addControllerCommand(program);
  addCheckCommand(program);
  addStatusCommand(program);
  addExplainCommand(program);
  addVersionCommand(program);
  addCompletionCommand(program);
  addUninstallCommand(program);
  addReleaseCommand(program);
  addHandoverCommand(program);
  addRestoreCommand(program);
  addOrphansCommand(program);
  for (const add of more) add(program);
  return program;
}

/** kubectl runs a plugin by the name of its file; then help and errors say what was typed. @param path of the program, as it was called */
export function programName(path = ''): string {
  return basename(path).startsWith('kubectl-azid') ? 'kubectl azid' : 'azid';
}
