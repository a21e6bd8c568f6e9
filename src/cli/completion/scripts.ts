import type { CommandModel, FlagModel } from './model.ts';

/** The model as a script that a shell loads. No process of azid runs when somebody presses Tab. Pure. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** @param names what people type to call it */
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
