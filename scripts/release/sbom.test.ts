import { describe, expect, it } from 'vitest';
import { billOf, type Lock } from './sbom.ts';

const LOCK: Lock = {
  version: '0.1.0',
  packages: {
    '': { version: '0.1.0', license: 'Apache-2.0' },
    'node_modules/@azure/identity': { version: '4.0.0', license: 'MIT', integrity: 'sha512-AAEC' },
    'node_modules/semver': { version: '7.0.0', license: 'ISC' },
    'node_modules/a/node_modules/semver': { version: '5.0.0' },
    'node_modules/b/node_modules/semver': { version: '7.0.0', license: 'ISC' },
    'node_modules/vitest': { version: '5.0.0', dev: true },
  },
};
const PARTS = [
  { name: 'node', version: '24.21.0', purl: 'pkg:generic/node@24.21.0', files: ['/usr/bin/node'] },
  { name: 'libstdc++6', files: ['/lib/libstdc++.so.6'] },
];
const BASE = { repository: 'docker.io/library/node', tag: '24-slim', digest: `sha256:${'ab'.repeat(32)}` };
const bill = (created: string) => billOf(LOCK, PARTS, { base: BASE, created: new Date(created) });

describe('a bill of materials', () => {
  const { packages, relationships } = bill('2026-11-30T01:02:03.456Z');

  it('has each package that the product may need, once, and none of the development', () => {
    expect(packages.map(({ name, versionInfo }) => `${name} ${versionInfo}`)).toEqual([
      'azid 0.1.0',
      '@azure/identity 4.0.0',
      'semver 7.0.0',
      'semver 5.0.0',
      'node 24.21.0',
      'libstdc++6 NOASSERTION',
      'node-image 24-slim',
    ]);
    expect(packages[1]).toMatchObject({
      licenseDeclared: 'MIT',
      checksums: [{ algorithm: 'SHA512', checksumValue: '000102' }],
      externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:npm/%40azure/identity@4.0.0' }],
    });
  });

  it('has an id of letters, digits, dots and hyphens for each, and says that azid contains it', () => {
    const ids = packages.map(({ SPDXID }) => SPDXID);
    expect(ids.filter((id) => !/^SPDXRef-[A-Za-z0-9.-]+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    const contained = ids.slice(1, -1).map((id) => ({
      spdxElementId: 'SPDXRef-azid-0.1.0',
      relatedSpdxElement: id,
      relationshipType: 'CONTAINS',
    }));
    expect(relationships.slice(0, -1)).toEqual(contained);
    expect(packages.at(-2)?.comment).toBe('in the image: /lib/libstdc++.so.6');
  });

  it('has the image that it was built in, by digest, as a tool and not as content', () => {
    expect(packages.at(-1)).toMatchObject({
      checksums: [{ algorithm: 'SHA256', checksumValue: 'ab'.repeat(32) }],
      externalRefs: [
        {
          referenceLocator: `pkg:oci/node@sha256%3A${'ab'.repeat(32)}?repository_url=docker.io/library/node&tag=24-slim`,
        },
      ],
    });
    expect(relationships.at(-1)).toEqual({
      spdxElementId: 'SPDXRef-node-image-24-slim',
      relatedSpdxElement: 'SPDXRef-azid-0.1.0',
      relationshipType: 'BUILD_TOOL_OF',
    });
    const other = { ...BASE, digest: `sha256:${'cd'.repeat(32)}` };
    const elsewhere = billOf(LOCK, PARTS, { base: other, created: new Date(0) });
    expect(elsewhere.documentNamespace).not.toBe(bill('2026-11-30T00:00:00Z').documentNamespace);
  });

  it('has the same name for the same content, and a time in the form of SPDX', () => {
    const [one, other] = [bill('2026-11-30T01:02:03.456Z'), bill('2027-01-01T00:00:00Z')];
    expect(one.creationInfo.created).toBe('2026-11-30T01:02:03Z');
    expect(one.documentNamespace).toBe(other.documentNamespace);
    expect(billOf(LOCK, [], { base: BASE, created: new Date(0) }).documentNamespace).not.toBe(
      one.documentNamespace,
    );
  });
});
