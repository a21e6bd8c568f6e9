import type { Command, Option } from 'commander';

/** What can be completed, read off the program itself: so no flag is forgotten. Pure. */

export interface CommandModel {
  /** Words after the program: `handover export`; '' for the program. */
  readonly path: string;
  readonly about: string;
  /** Names of commands beneath it. */
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly flags: readonly FlagModel[];
}

export interface FlagModel {
  /** `--output`, `-o`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  /** Its values, where they are few. */
  readonly choices: readonly string[];
  /** The value is a path. */
  readonly isPath: boolean;
}

export function modelOf(program: Command): readonly CommandModel[] {
  return [of(program, ''), ...beneath(program, '')];
}

function beneath(command: Command, path: string): readonly CommandModel[] {
  return command.commands.flatMap((each) => {
    const own = path === '' ? each.name() : `${path} ${each.name()}`;
    return [of(each, own), ...beneath(each, own)];
  });
}

function of(command: Command, path: string): CommandModel {
  return {
    path,
    about: firstSentence(command.description()),
    commands: command.commands.map((each) => ({
      name: each.name(),
      about: firstSentence(each.description()),
    })),
    flags: [...command.options.map(flagOf), HELP],
  };
}

const HELP: FlagModel = {
  names: ['-h', '--help'],
  about: 'display help',
  takesValue: false,
  choices: [],
  isPath: false,
};

function flagOf(option: Option): FlagModel {
  return {
    names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
    about: firstSentence(option.description),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    isPath: /<path>$/.test(option.flags),
  };
}

function firstSentence(text: string): string {
  return text.split(/[:;.](?:\s|$)/)[0] ?? '';
}
