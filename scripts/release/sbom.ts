/**
 * What the image holds, as SPDX 2.3 (spdx.github.io/spdx-spec/v2.3). A scanner of images finds nothing in this one: the packages are in a bundle, and
 * there is no database of Debian's. So it is written down where the image is made: the lock file says which packages, dpkg whose the libraries are.
 * `npm sbom --omit=dev` leaves out each package that the development needs as well, `yaml` among them (npm 11.19).
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BaseImage, baseImage, referenceOf } from '../image/base.ts';
import { contentsOf } from '../image/rootfs.ts';
import { debianPackages } from './debian-packages.ts';

/** Of package-lock.json, as far as it is read. */
export interface Lock {
  readonly version: string;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}
interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  /** Only the development needs it. */
  readonly dev?: boolean;
}

/** Something that is not of npm. */
export interface Part {
  readonly name: string;
  /** Absent where nobody knows it. */
  readonly version?: string;
  /** github.com/package-url/purl-spec */
  readonly purl?: string;
  /** What it gives the image. */
  readonly files: readonly string[];
}

export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly [field: string]: unknown;
}

export interface SpdxDocument {
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly object[];
  readonly [field: string]: unknown;
}

export async function softwareBill(root: string, rootfs: string): Promise<string> {
  const libraries = (await contentsOf(rootfs)).filter((path) => /^\/(usr\/)?lib/.test(path));
  const bill = await billOfImage(root, await debianPackages(libraries), new Date(epochMs(process.env)));
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

/** Of the image that the sources in `root` make, with these packages of Debian. */
export async function billOfImage(
  root: string,
  debian: readonly Part[],
  created: Date,
): Promise<SpdxDocument> {
  const read = async (name: string) => JSON.parse(await readFile(join(root, name), 'utf8')) as unknown;
  const { devDependencies } = (await read('package.json')) as { devDependencies: { readonly node: string } };
  const { node } = devDependencies;
  const parts = [
    { name: 'node', version: node, purl: `pkg:generic/node@${node}`, files: ['/usr/bin/node'] },
    ...debian,
  ];
  return billOf((await read('package-lock.json')) as Lock, parts, { base: await baseImage(root), created });
}

/** reproducible-builds.org/specs/source-date-epoch */
function epochMs({ SOURCE_DATE_EPOCH }: NodeJS.ProcessEnv): number {
  return SOURCE_DATE_EPOCH === undefined ? Date.now() : Number(SOURCE_DATE_EPOCH) * 1_000;
}

interface Made {
  readonly base: BaseImage;
  readonly created: Date;
}

/** Pure. */
export function billOf(lock: Lock, parts: readonly Part[], { base, created }: Made): SpdxDocument {
  const azid = spdxPackage('azid', lock.version, { licenseDeclared: lock.packages['']?.license });
  const inside = [...npmPackages(lock), ...parts.map(partPackage)];
  const tool = basePackage(base);
  const packages = [azid, ...inside, tool];
  // By what is in it: the same image has the same name.
  const digest = createHash('sha256').update(JSON.stringify(packages)).digest('hex').slice(0, 32);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `azid-${lock.version}`,
    documentNamespace: `https://azid.dev/spdx/azid-${lock.version}-${digest}`,
    creationInfo: {
      created: created.toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: [`Tool: azid-${lock.version}`],
    },
    documentDescribes: [azid.SPDXID],
    packages,
    relationships: [
      ...inside.map(({ SPDXID }) => ({
        spdxElementId: azid.SPDXID,
        relatedSpdxElement: SPDXID,
        relationshipType: 'CONTAINS',
      })),
      { spdxElementId: tool.SPDXID, relatedSpdxElement: azid.SPDXID, relationshipType: 'BUILD_TOOL_OF' },
    ],
  };
}

/** Whatever the product may need: one that stands at two places of the tree is one package. */
function npmPackages({ packages }: Lock): SpdxPackage[] {
  const found = new Map<string, SpdxPackage>();
  for (const [path, { version, license, integrity, dev }] of Object.entries(packages)) {
    const [, name] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
    if (name === undefined || version === undefined || dev) continue;
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    found.set(purl, spdxPackage(name, version, { licenseDeclared: license, purl, integrity }));
  }
  return [...found.values()];
}

const HOLDS = 'in the image: ';

function partPackage({ name, version, purl, files }: Part): SpdxPackage {
  return spdxPackage(name, version, { purl, comment: `${HOLDS}${files.join(', ')}` });
}

/** The packages of Debian that a bill names, with a version each. */
export function partsOf({ packages }: SpdxDocument): (Part & { readonly version: string })[] {
  return packages.flatMap(({ name, versionInfo: version, externalRefs, comment }) => {
    const [{ referenceLocator: purl = '' } = {}] = (externalRefs ?? []) as { referenceLocator?: string }[];
    if (!purl.startsWith('pkg:deb/debian/') || typeof comment !== 'string') return [];
    return [{ name, version, purl, files: comment.replace(HOLDS, '').split(', ') }];
  });
}

/**
 * Here and not in the annotations `org.opencontainers.image.base.*` of the image: those name an image whose layers it shares, and
 * "SHOULD NOT reference any other images used to generate the contents" (the annotations of opencontainers/image-spec).
 */
function basePackage(base: BaseImage): SpdxPackage {
  const [name = ''] = base.repository.split('/').slice(-1);
  const where = `repository_url=${base.repository}&tag=${base.tag}`;
  const purl = `pkg:oci/${name}@${encodeURIComponent(base.digest)}?${where}`;
  const comment = `the image was built in ${referenceOf(base)}`;
  return {
    ...spdxPackage(`${name}-image`, base.tag, { purl, comment }),
    checksums: [checksum('SHA256', base.digest.replace('sha256:', ''))],
  };
}

function checksum(algorithm: string, checksumValue: string): object {
  return { algorithm, checksumValue };
}

interface About {
  readonly purl?: string | undefined;
  readonly licenseDeclared?: string | undefined;
  /** `sha512-…` in base64, as lock files have it. */
  readonly integrity?: string | undefined;
  readonly comment?: string;
}

function spdxPackage(name: string, version: string | undefined, about: About): SpdxPackage {
  const { purl, licenseDeclared = 'NOASSERTION', integrity = '', comment } = about;
  const [algorithm, base64 = ''] = integrity.split('-', 2);
  return {
    SPDXID: `SPDXRef-${[name, ...(version ? [version] : [])].join('-').replaceAll(/[^\w.-]|_/g, '-')}`,
    name,
    versionInfo: version ?? 'NOASSERTION',
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared,
    copyrightText: 'NOASSERTION',
    ...(algorithm === 'sha512' && {
      checksums: [checksum('SHA512', Buffer.from(base64, 'base64').toString('hex'))],
    }),
    ...(purl && {
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    }),
    ...(comment !== undefined && { comment }),
  };
}
