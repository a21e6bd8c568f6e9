import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shellBlocks } from '../../test/support/process/markdown-blocks.ts';
import { type AzCommands, azCallsIn, flagsIn, unknownIn } from './az-calls.ts';
import { pages, ROOT } from './markdown.ts';

const known = JSON.parse(await readFile(join(ROOT, 'scripts/docs/az-commands.json'), 'utf8')) as AzCommands;

it('the documents call what Azure’s command line has, with flags that it has', async () => {
  const calls = (await pages()).flatMap(({ path, text }) =>
    shellBlocks(text).flatMap((block) =>
      azCallsIn(block.text).map((call) => ({ call, where: `${path}:${block.line}` })),
    ),
  );
  expect(calls.length).toBeGreaterThan(40);
  expect(
    calls.flatMap(({ call, where }) => unknownIn(call, known).map((each) => `${where}: ${each}`)),
  ).toEqual([]);
});

describe('calls of az in a block', () => {
  it.each([
    ['az group create --name a', [{ words: ['group', 'create'], flags: ['--name'] }]],
    ['  az group delete --name a', [{ words: ['group', 'delete'], flags: ['--name'] }]],
    [
      'X=$(az identity show --name a --query clientId -o tsv)',
      [{ words: ['identity', 'show'], flags: ['--name', '--query', '-o'] }],
    ],
    [
      'az role assignment create --assignee "$ID" \\\n  --role "azid --hosts" --condition "$(sed s)"',
      [{ words: ['role', 'assignment', 'create'], flags: ['--assignee', '--role', '--condition'] }],
    ],
    ['kubectl get azid -A', []],
  ])('%s', (shell, calls) => {
    expect(azCallsIn(shell)).toEqual(calls);
  });
});

describe('the help of a command', () => {
  const help =
    '\nCommand\n    az group create : Create.\n\nArguments\n    --name -n --resource-group -g [Required] : Name, not --nome.\n    --query                             : A path.\n';

  it('lists its flags', () => {
    expect(flagsIn('group create', help)).toEqual(['--name', '--query', '--resource-group', '-g', '-n']);
  });

  it('is none of another', () => {
    expect(flagsIn('group make', help)).toBeUndefined();
  });
});

describe('what is not known', () => {
  const commands: AzCommands = { version: '1', commands: { 'group create': '--name -n' } };
  it.each([
    ['az group create --name a', []],
    ['az group create --nome a', ['az group create: expected flags that azure-cli 1 has, got --nome']],
    [
      'az group make',
      [
        'az group make: expected a command that was looked up in azure-cli 1, this one was not; run npm run docs:az',
      ],
    ],
  ])('in %s', (shell, unknown) => {
    expect(azCallsIn(shell).flatMap((call) => unknownIn(call, commands))).toEqual(unknown);
  });
});
