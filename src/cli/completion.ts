/** `azid completion SHELL`: a script that completes commands, flags and their values. */
import { Argument, type Command, type Option } from 'commander';
import { printed } from './run-command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

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

interface CommandModel {
  /** Words after the program: `handover export`; '' for the program. */
  readonly path: string;
  readonly about: string;
  /** Names of commands beneath it. */
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly flags: readonly FlagModel[];
}

interface FlagModel {
  /** `--output`, `-o`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  /** Its values, where they are few. */
  readonly choices: readonly string[];
  /** The value is a path. */
  readonly isPath: boolean;
}

/** What can be completed, read off the program itself: so no flag is forgotten. Pure. */
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

/**
 * The model as a script that a shell loads, so that no process of azid runs at a press of Tab. Pure.
 *
 * @param names what people type to call it
 */
export function completionScript(
  shell: Shell,
  models: readonly CommandModel[],
  names: readonly string[],
): string {
  switch (shell) {
    case 'bash':
      return bash(models, names);
    case 'zsh':
      // zsh runs bash's completions as they are, and shows their words alike.
      return `#compdef ${names.join(' ')}\nautoload -U +X bashcompinit && bashcompinit\n${bash(models, names)}`;
    case 'fish':
      return fish(models, names);
  }
}

const wordsOf = ({ commands, flags }: CommandModel) =>
  [...commands.map(({ name }) => name), ...flags.flatMap(({ names }) => names)].join(' ');

function bash(models: readonly CommandModel[], names: readonly string[]): string {
  const paths = models.map((model) => `    '${model.path}') words='${wordsOf(model)}' ;;`);
  const isCommand = models
    .filter(({ path }) => path !== '')
    .map(({ path }) => `    '${path}') path="$next" ;;`);
  const values = models.flatMap(({ path, flags }) =>
    flags.filter(({ takesValue }) => takesValue).map((flag) => valueCase(path, flag)),
  );
  return `# azid completion, generated from the program: source it, or put it where bash-completion looks.
_azid() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' word next words='' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    next="\${path:+$path }$word"
    case "$next" in
${isCommand.join('\n')}
    esac
  done
  case "$path|$previous" in
${values.join('\n')}
  esac
  case "$path" in
${paths.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
${names.map((name) => `complete -F _azid ${name}`).join('\n')}
`;
}

/** After a flag that takes a value come its values: paths, choices, or nothing that could be known. */
function valueCase(path: string, { names, choices, isPath }: FlagModel): string {
  const pattern = names.map((name) => `'${path}|${name}'`).join(' | ');
  const reply = isPath ? 'compgen -f' : choices.length > 0 ? `compgen -W '${choices.join(' ')}'` : undefined;
  return `    ${pattern}) ${reply === undefined ? '' : `COMPREPLY=($(${reply} -- "$current")); `}return ;;`;
}

function fish(models: readonly CommandModel[], names: readonly string[]): string {
  const lines = models.flatMap((model) => {
    const at = model.path === '' ? '__azid_at' : `__azid_at ${model.path}`;
    return [
      ...model.commands.map(({ name, about }) => `-f -n '${at}' -a ${name} -d '${quoted(about)}'`),
      ...model.flags.map((flag) => `-n '${at}' ${fishFlag(flag)}`),
    ];
  });
  const commands = models.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# azid completion, generated from the program: put it into ~/.config/fish/completions/azid.fish
function __azid_at
    set -l path
    for word in (commandline -opc)[2..-1]
        set -l next (string join ' ' $path $word)
        if contains -- "$next" ${commands.join(' ')}
            set -a path $word
        end
    end
    test "$path" = "$argv"
end
${names.flatMap((name) => lines.map((line) => `complete -c ${name} ${line}`)).join('\n')}
`;
}

function fishFlag({ names, about, takesValue, choices, isPath }: FlagModel): string {
  const parts = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  if (takesValue) parts.push(isPath ? '-r -F' : '-x');
  if (choices.length > 0) parts.push(`-a '${choices.join(' ')}'`);
  return `${parts.join(' ')} -d '${quoted(about)}'`;
}

const quoted = (text: string) => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
