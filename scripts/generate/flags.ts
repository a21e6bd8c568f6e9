/** `docs/reference/flags.md`: the flags of each command, from the commands themselves. */
import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { addSandboxCommand } from '../../src/cli/sandbox/sandbox.ts';
import { addSimulatorCommand } from '../../src/cli/sandbox/simulator.ts';
import { type GeneratedFile, HEADERS, markdownTable } from './file.ts';

const HEAD = ['Flag', 'Environment variable', 'Default', 'Meaning'];

export function flagsReference(): GeneratedFile {
  const program = createProgram({ more: [addSandboxCommand, addSimulatorCommand] });
  const intro =
    '# Flags\n\n' +
    'A flag wins over its environment variable. A wrong value ends the command at its start, with a message that ' +
    'names the flag, what was expected and what was given.\n';
  return {
    path: 'docs/reference/flags.md',
    text: HEADERS.markdown + intro + program.commands.flatMap(withinIt).map(section).join(''),
  };
}

/** A command, or the commands that it is a name for. */
function withinIt(command: Command): readonly Command[] {
  return command.commands.length > 0 ? command.commands.flatMap(withinIt) : [command];
}

function section(command: Command): string {
  const { options, registeredArguments } = command;
  const given = registeredArguments.map(
    (each) => `\`${each.required ? `<${each.name()}>` : `[${each.name()}]`}\`: ${each.description}.\n\n`,
  );
  return `\n## ${nameOf(command)}\n\n${command.description()}\n\n${given.join('')}${markdownTable(HEAD, options.map(rowOf))}`;
}

/** `azid handover export`. */
function nameOf(command: Command): string {
  return [...(command.parent ? [nameOf(command.parent)] : []), command.name()].join(' ');
}

function rowOf(option: Option): string[] {
  // Switches read their variable themselves and tell of it in the description (src/cli/sandbox/sandbox.ts).
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
