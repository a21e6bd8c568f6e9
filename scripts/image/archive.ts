/**
 * An image as a file, in the OCI layout (opencontainers/image-spec): what a build wrote, and no registry has seen yet. Whatever it
 * names by a digest must have it, and what it unpacks to is files and folders, so that nothing in it leads elsewhere.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export interface ArchivedImage {
  /** Of the manifest: what a registry will know it by. */
  readonly digest: string;
  readonly architecture: string;
  /** How it is run: `User`, `Entrypoint`, `Env` and what else there is. */
  readonly config: Readonly<Record<string, unknown>>;
}
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
}

/** Writes what the image holds into `rootfs`, a folder that does not exist yet. */
export async function unpackImage(archive: string, rootfs: string): Promise<ArchivedImage> {
  await mkdir(rootfs);
  const layout = await mkdtemp(`${rootfs}.`);
  try {
    await tar('--extract', '--file', archive, '--directory', layout);
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
      manifests: Descriptor[];
    };
    const [image, ...others] = index.manifests;
    // An index in an index is what BuildKit's own provenance makes of an image: its digest is not the one that nodes run.
    if (image?.mediaType !== MANIFEST || others.length > 0)
      throw new Error(
        `${archive}: expected one image, found ${index.manifests.map(({ mediaType }) => mediaType).join(', ') || 'none'}; build it for one platform, without provenance and sbom`,
      );
    const manifest = (await json(layout, image)) as { config: Descriptor; layers: Descriptor[] };
    for (const layer of manifest.layers) {
      if (layer.mediaType !== LAYER)
        throw new Error(`${archive}: expected layers of ${LAYER}, found ${layer.mediaType}`);
      await blob(layout, layer);
      await tar(
        '--extract',
        '--gzip',
        '--preserve-permissions',
        '--file',
        pathOf(layout, layer),
        '--directory',
        rootfs,
      );
      // Before the next one, which could be written through a link.
      await refuseLinks(rootfs);
    }
    const { architecture, config } = (await json(layout, manifest.config)) as Omit<ArchivedImage, 'digest'>;
    return { digest: image.digest, architecture, config };
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

function pathOf(layout: string, { digest }: Descriptor): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new Error(`expected sha256: and 64 hexadecimal digits, got ${JSON.stringify(digest)}`);
  return join(layout, 'blobs/sha256', digest.replace('sha256:', ''));
}

async function blob(layout: string, descriptor: Descriptor): Promise<Buffer> {
  const bytes = await readFile(pathOf(layout, descriptor));
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (found !== descriptor.digest)
    throw new Error(`expected bytes of ${descriptor.digest}, found some of ${found}`);
  return bytes;
}

async function json(layout: string, descriptor: Descriptor): Promise<unknown> {
  return JSON.parse((await blob(layout, descriptor)).toString());
}

async function refuseLinks(rootfs: string): Promise<void> {
  const entries = await readdir(rootfs, { recursive: true, withFileTypes: true });
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (odd)
    throw new Error(
      `${join(odd.parentPath, odd.name).slice(rootfs.length)}: expected files and folders only, found another kind`,
    );
}

async function tar(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('tar', [...args]);
}
