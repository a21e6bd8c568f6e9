/** A call of Azure's command line, as a document has it. */
export interface AzCall {
  /** `identity show`. */
  readonly words: readonly string[];
  /** `--resource-group`. */
  readonly flags: readonly string[];
}

/** All calls of `az` in a block of shell. */
export function azCallsIn(shell: string): readonly AzCall[] {
  const joined = shell.replaceAll(/\\\n\s*/g, ' ');
  return [...joined.matchAll(/(?:^|\$\()az ([^\n]*)/gm)].map(([, call = '']) => {
    const plain = call.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, 'text').split(/\s+/);
    const end = plain.findIndex((part) => !/^[a-z][a-z-]*$/.test(part));
    return {
      words: plain.slice(0, end < 0 ? plain.length : end),
      flags: plain.map((part) => part.replace(/\).*$/, '')).filter((part) => /^--?[a-z]/.test(part)),
    };
  });
}

/** What the help of a command does not know; the command itself, where there is no help of it. */
export function unknownFlags({ words, flags }: AzCall, help: string): readonly string[] {
  if (!help.includes(`az ${words.join(' ')}`))
    return [`expected such a command, az says: ${help.trim().slice(0, 200)}`];
  const known = new Set(help.match(/--?[a-z][a-z-]*/g));
  return flags.filter((flag) => !known.has(flag)).map((flag) => `expected a flag ${flag}, its help has none`);
}
