/** An image that was built, and its bill of materials, against what its makers signed; docs/design/2026-11-30-base-image.md. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { billOfImage, partsOf, type SpdxDocument } from '../release/sbom.ts';
import { unpackImage } from './archive.ts';
import { baseImage } from './base.ts';
import { differencesOf } from './differences.ts';
import {
  DEBIAN,
  type DebianSource,
  NODE,
  type NodeSource,
  signedLibraries,
  signedNode,
} from './originals.ts';

export interface ImageToVerify {
  /** Of the OCI layout. */
  readonly archive: string;
  /** Gets what the image holds; does not exist yet. */
  readonly rootfs: string;
  /** The bill of materials that was made with it. */
  readonly sbom: string;
  /** Of the repository. */
  readonly root: string;
  /** What `npm run build` wrote, outside of the image's base. */
  readonly dist: string;
  readonly sources?: { readonly node: NodeSource; readonly debian: DebianSource };
}

/** The digest of the image; throws with all that is not as it should be. */
export async function verifyImage({
  archive,
  rootfs,
  sbom,
  root,
  dist,
  sources,
}: ImageToVerify): Promise<string> {
  const { digest, architecture, config } = await unpackImage(archive, rootfs);
  const bill = JSON.parse(await readFile(sbom, 'utf8')) as SpdxDocument;
  const parts = partsOf(bill);
  const { node = '' } = (
    JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { devDependencies: { node?: string } }
  ).devDependencies;
  const scratch = await mkdtemp(join(tmpdir(), 'azid-originals-'));
  try {
    const originals = {
      dist,
      node: await signedNode(node, architecture, scratch, sources?.node ?? NODE),
      libraries: await signedLibraries(
        { packages: parts, suite: suiteOf((await baseImage(root)).tag), architecture },
        scratch,
        sources?.debian ?? DEBIAN,
      ),
    };
    const wrong = await differencesOf(rootfs, config, originals);
    // Its packages of Debian are those whose files the image has, now; the rest follows from the lock file.
    if (!isDeepStrictEqual(bill, await billOfImage(root, parts, new Date(bill.creationInfo.created))))
      wrong.push(
        'the bill of materials: expected what the lock file and the image hold, found something else',
      );
    if (wrong.length > 0)
      throw new Error(`${digest} is not the image that it should be:\n${wrong.join('\n')}`);
    return digest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `24.21.0-bookworm-slim` */
function suiteOf(tag: string): string {
  const [, suite] = /-([a-z]+)-slim$/.exec(tag) ?? [];
  if (suite === undefined)
    throw new Error(
      `expected a base image such as node:24.21.0-bookworm-slim, which names Debian's suite, got ${tag}`,
    );
  return suite;
}
