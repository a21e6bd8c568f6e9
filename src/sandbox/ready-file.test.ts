import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './apiserver/temporary-folder.fixture.ts';
import { prepareReadyFile, type ReadyFacts, writeReadyFile } from './ready-file.ts';

const facts: ReadyFacts = {
  kubeconfig: '/k',
  arm: { endpoint: 'https://127.0.0.1:1', caFile: '/ca', subscriptionId: 's', tenantId: 't' },
  control: { endpoint: 'http://127.0.0.1:2' },
  metrics: { endpoint: 'http://127.0.0.1:3/metrics' },
};

describe('the ready file', () => {
  it('holds the facts as JSON, for its owner only, until it is disposed', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('ready.json');
    const written = await writeReadyFile(path, facts);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(facts);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(['ready.json']);
    await written[Symbol.asyncDispose]();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('of an earlier run is gone before anything is up', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('ready.json');
    await writeFile(path, 'old');
    await prepareReadyFile(path);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is refused where it could not be written', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.file('sub'));
    await expect(prepareReadyFile(folder.file('none', 'ready.json'))).rejects.toThrow(
      `expected --ready-file to be a path in an existing folder, got ${folder.file('none', 'ready.json')}`,
    );
    await expect(prepareReadyFile(folder.file('sub'))).rejects.toThrow(
      'expected --ready-file to be the path of a file, got the folder',
    );
  });
});
