import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** For tests: an image in the OCI layout, as BuildKit's exporter `oci` writes it for one platform. */

const TYPE = 'application/vnd.oci.image';

export interface ImageToArchive {
  /** A folder for each layer. */
  readonly layers: readonly string[];
  readonly config: object;
  /** What the layout says of its images, of the one that is right. */
  readonly manifests?: (right: object) => readonly object[];
  /** Of a blob, by its media type. */
  readonly bytes?: (type: string, right: Buffer) => Buffer;
}

/** Writes it beside nothing else; resolves with the digest of the image. */
export async function archiveImage(archive: string, image: ImageToArchive): Promise<string> {
  const { layers, config, manifests = (right) => [right], bytes = (_, right) => right } = image;
  const layout = await mkdtemp(`${archive}.`);
  const blob = async (mediaType: string, right: Buffer) => {
    const sum = createHash('sha256').update(right).digest('hex');
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
    await writeFile(join(layout, 'blobs/sha256', sum), bytes(mediaType, right));
    return { mediaType, digest: `sha256:${sum}`, size: right.length };
  };
  const json = (type: string, value: object) => blob(`${TYPE}.${type}`, Buffer.from(JSON.stringify(value)));
  const found = [];
  for (const [at, folder] of layers.entries()) {
    const file = join(layout, `layer-${at}`);
    await promisify(execFile)('tar', ['-czf', file, '-C', folder, '.']);
    found.push(await blob(`${TYPE}.layer.v1.tar+gzip`, await readFile(file)));
    await rm(file);
  }
  const of = await json('config.v1+json', { architecture: 'amd64', os: 'linux', config });
  const right = await json('manifest.v1+json', { schemaVersion: 2, config: of, layers: found });
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: manifests(right) }),
  );
  await promisify(execFile)('tar', ['-cf', archive, '-C', layout, '.']);
  await rm(layout, { recursive: true });
  return right.digest;
}
