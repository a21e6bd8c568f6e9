import { Argument, type Command } from 'commander';
import { printed } from '../in-cluster.ts';
import { modelOf } from './model.ts';
import { completionScript, SHELLS, type Shell } from './scripts.ts';

/** `azid completion SHELL`: a script that completes commands, flags and their values. */

/** As it may be called; kubectl passes the words of a plugin to `kubectl_complete-azid` alone. */
const NAMES = ['azid', 'kubectl-azid'];

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('Write a script to stdout that completes commands and flags: source <(azid completion bash)')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .allowExcessArguments(false)
    .action(async (shell: Shell) => {
      await printed(completionScript(shell, modelOf(program), NAMES));
    });
}
