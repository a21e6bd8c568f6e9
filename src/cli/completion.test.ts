import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { completionScript, modelOf } from './completion.ts';
import { createProgram } from './program.ts';

const program = createProgram();
const SCRIPT = completionScript('bash', modelOf(program), ['azid', 'kubectl-azid']);

/** What bash offers after these words, the last of which is being typed. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const line = ['azid', ...words].map((word) => `'${word}'`).join(' ');
  const text = `${SCRIPT}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _azid; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['--norc', '--noprofile', '-euc', text]);
  return stdout.split('\n').filter((word) => word !== '');
}

const pathsOf = (
  command: Command,
  path: readonly string[] = [],
): readonly (readonly [readonly string[], Command])[] => [
  [path, command],
  ...command.commands.flatMap((each) => pathsOf(each, [...path, each.name()])),
];

describe('bash completes', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['commands by their beginning', ['sta'], ['status']],
    ['commands of a command', ['handover', 'ex'], ['export']],
    ['flags', ['status', '--azure'], ['--azure']],
    ['flags after an argument', ['status', 'grant/read', '--azid'], ['--azid-namespace']],
    ['the choices of a flag', ['status', '-o', ''], ['text', 'wide', 'json']],
    ['a beginning of them', ['check', '--azure-as', 'c'], ['controller', 'caller']],
    ['nothing for a value that cannot be known', ['status', '--namespace', ''], []],
    ['after such a value, flags again', ['status', '--namespace', 'shop', '--out'], ['--output']],
  ])('%s', async (_, words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  it('paths for a flag that takes one', async () => {
    expect(await offered('status', '--kubeconfig', '/etc/host')).toContain('/etc/hosts');
  });

  it('every command and every flag of the program', async () => {
    for (const [path, command] of pathsOf(program)) {
      const words = await offered(...path, '');
      const names = [
        ...command.commands.map((each) => each.name()),
        ...command.options.map(({ long }) => long),
      ];
      expect(
        names.filter((name) => !words.includes(name ?? '')),
        path.join(' '),
      ).toEqual([]);
    }
  });
});

describe('the other shells', () => {
  it('zsh gets what bash gets, under both names', () => {
    const script = completionScript('zsh', modelOf(program), ['azid', 'kubectl-azid']);
    expect(script).toMatch(/^#compdef azid kubectl-azid\n.*bashcompinit\n/);
    expect(script).toContain('complete -F _azid kubectl-azid');
  });

  it('fish gets a line for each command and flag, its choices and its quotes', () => {
    const script = completionScript('fish', modelOf(program), ['azid']);
    expect(script).toContain("complete -c azid -f -n '__azid_at handover' -a export -d '");
    expect(script).toMatch(
      /complete -c azid -n '__azid_at status' -s o -l output -x -a 'text wide json' -d '/,
    );
    expect(script).toMatch(/complete -c azid -n '__azid_at status' -l kubeconfig -r -F -d '/);
    expect(script).toContain("azid\\'s own namespace");
    const unquoted = script.replaceAll(/\\['\\]/g, '');
    expect(unquoted.split('\n').filter((line) => (line.split("'").length - 1) % 2 !== 0)).toEqual([]);
  });
});
