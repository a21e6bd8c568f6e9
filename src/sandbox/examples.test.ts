import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './apiserver/temporary-folder.fixture.ts';
import { readExamples } from './project.ts';

describe('examples', () => {
  it('of the quick start are applied namespace and policy first, and awaited by kind and key', async () => {
    const { files, objects } = await readExamples();
    expect(files.map((file) => basename(file))).toEqual([
      '0-namespace.yaml',
      '1-policy.yaml',
      'federation.yaml',
      'grants.yaml',
      'identity.yaml',
      'service-account.yaml',
    ]);
    expect(objects.map(({ resource, key }) => `${resource.kind} ${key}`)).toEqual([
      'IdentityPolicy quickstart',
      'FederatedIdentityCredential quickstart/shop-frontend',
      'RoleGrant quickstart/shop-frontend-reader',
      'RoleGrant quickstart/shop-frontend-blobs',
      'UserAssignedIdentity quickstart/shop-frontend',
    ]);
  });

  it('of a kind that azid does not serve are a mistake', async () => {
    await using folder = await temporaryFolder();
    await writeFile(
      folder.file('a.yaml'),
      'apiVersion: azid.dev/v1alpha1\nkind: Nonsense\nmetadata: {name: a}',
    );
    await expect(readExamples(folder.path)).rejects.toThrow('to hold kinds that azid serves, got Nonsense');
  });

  it('that are no YAML are named', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('a.yaml'), 'a: [');
    await expect(readExamples(folder.path)).rejects.toThrow(`expected ${folder.file('a.yaml')} to be YAML`);
  });
});
