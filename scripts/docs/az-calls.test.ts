import { describe, expect, it } from 'vitest';
import { azCallsIn, unknownFlags } from './az-calls.ts';

describe('calls of az in a block', () => {
  it.each([
    ['az group create --name a', [{ words: ['group', 'create'], flags: ['--name'] }]],
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

describe('what the help does not know', () => {
  const help = 'Command\n    az group create : Create.\nArguments\n    --name -n\n    --query\n';
  it.each([
    [['--name'], []],
    [['--nome'], ['expected a flag --nome, its help has none']],
  ])('%j', (flags, wrong) => {
    expect(unknownFlags({ words: ['group', 'create'], flags }, help)).toEqual(wrong);
  });

  it('may be the command', () => {
    expect(unknownFlags({ words: ['group', 'make'], flags: [] }, help)).toHaveLength(1);
  });
});
