/** A call of Azure's command line, as a document has it. */
export interface AzCall {
  /** `identity show`. */
  readonly words: readonly string[];
  /** `--resource-group`. */
  readonly flags: readonly string[];
}

/** What Azure's command line knows, by its version: the flags of each command that was looked up, with a blank between two. `scripts/docs/az-commands.json`. */
export interface AzCommands {
  readonly version: string;
  readonly commands: Readonly<Record<string, string>>;
}

/** All calls of `az` in a block of shell. */
export function azCallsIn(shell: string): readonly AzCall[] {
  const joined = shell.replaceAll(/\\\n\s*/g, ' ');
  return [...joined.matchAll(/(?:^|\$\(|\| )\s*az ([^\n]*)/gm)].map(([, call = '']) => {
    const plain = call.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, 'text').split(/\s+/);
    const end = plain.findIndex((part) => !/^[a-z][a-z-]*$/.test(part));
    return {
      words: plain.slice(0, end < 0 ? plain.length : end),
      flags: plain.map((part) => part.replace(/\).*$/, '')).filter((part) => /^--?[a-z]/.test(part)),
    };
  });
}

/** The flags that the help of a command lists; undefined where it is no help of this command. */
export function flagsIn(command: string, help: string): readonly string[] | undefined {
  if (!help.includes(`az ${command} `)) return undefined;
  const lines = [...help.matchAll(/^ {4}((?:--?[a-z][a-z-]*,? ?)+)/gm)].flatMap(([, names = '']) =>
    names.trim().split(/[, ]+/),
  );
  return [...new Set(lines)].sort();
}

/** What of a call Azure's command line does not know. */
export function unknownIn({ words, flags }: AzCall, { version, commands }: AzCommands): readonly string[] {
  const command = words.join(' ');
  const known = commands[command]?.split(' ');
  if (known === undefined)
    return [
      `az ${command}: expected a command that was looked up in azure-cli ${version}, this one was not; run npm run docs:az`,
    ];
  return flags
    .filter((flag) => !known.includes(flag))
    .map((flag) => `az ${command}: expected flags that azure-cli ${version} has, got ${flag}`);
}
