/** `docs/reference/flags.md`: the flags of each command, from the commands themselves. */
import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { addSandboxCommand } from '../../src/cli/sandbox.ts';
import { addSimulatorCommand } from '../../src/cli/simulator.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

const HEAD = ['Flag', 'Environment variable', 'Default', 'Meaning'];

export function flagsReference(): GeneratedFile {
  const program = createProgram([addSandboxCommand, addSimulatorCommand]);
  const intro =
    '# Flags\n\n' +
    'A flag wins over its environment variable. A wrong value ends the command at its start, with a message that ' +
    'names the flag, what was expected and what was given.\n';
  return {
    path: 'docs/reference/flags.md',
    text: HEADERS.markdown + intro + program.commands.map(section).join(''),
  };
}

function section(command: Command): string {
  const { options } = command;
  return `\n## azid ${command.name()}\n\n${command.description()}\n\n${markdownTable(HEAD, options.map(rowOf))}`;
}

function rowOf(option: Option): string[] {
  // Switches read their variable themselves and tell of it in the description (src/cli/sandbox.ts).
  const told = / \(env: (?<variable>[A-Z_]+)=true\)$/.exec(option.description);
  const variable = option.envVar ? `\`${option.envVar}\`` : told ? `\`${told.groups?.variable}=true\`` : '';
  const about = told ? option.description.slice(0, told.index) : option.description;
  const choices = option.argChoices?.map((choice) => `\`${choice}\``).join(', ');
  return [
    `\`${option.flags}\``,
    variable,
    fallbackOf(option),
    choices === undefined ? about : `${about} (${choices})`,
  ];
}

function fallbackOf({ mandatory, negate, defaultValue, defaultValueDescription }: Option): string {
  if (mandatory && defaultValue === undefined) return 'required';
  if (negate || defaultValue === undefined) return '';
  return `\`${defaultValueDescription ?? String(defaultValue)}\``;
}
