/** Which image the Dockerfile builds in, by digest: a tag can be moved, and nobody could say afterwards what a release was built in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const DOCKERFILE = 'deploy/image/Dockerfile';

export interface BaseImage {
  /** With its registry: `docker.io/library/node`. */
  readonly repository: string;
  /** For people, and for Dependabot, which raises tag and digest together. */
  readonly tag: string;
  /** Of the index, so of every platform. */
  readonly digest: string;
}

export async function baseImage(root: string): Promise<BaseImage> {
  return baseImageOf(await readFile(join(root, DOCKERFILE), 'utf8'));
}

/** The only image that the Dockerfile starts from; throws where it is none, more than one, or one that can be moved. */
export function baseImageOf(dockerfile: string): BaseImage {
  const named = imagesNamed(dockerfile);
  const [reference, ...others] = new Set(named);
  if (reference === undefined || others.length > 0)
    throw new Error(
      `${DOCKERFILE}: expected one image to build in, found ${named.join(', ') || 'none'}; each more is one more supplier`,
    );
  const { name, tag, digest } =
    /^(?<name>[^:@$]+):(?<tag>[\w.-]+)@(?<digest>sha256:[0-9a-f]{64})$/.exec(reference)?.groups ?? {};
  if (name === undefined || tag === undefined || digest === undefined)
    throw new Error(
      `${DOCKERFILE}: expected an image as NAME:TAG@sha256: and 64 hexadecimal digits, got ${JSON.stringify(reference)}; a tag alone can be moved`,
    );
  return { repository: qualified(name), tag, digest };
}

export function referenceOf({ repository, tag, digest }: BaseImage): string {
  return `${repository}:${tag}@${digest}`;
}

/** Whatever a build would get from a registry: stages, files copied or mounted from an image, and the frontend that reads the file. */
function imagesNamed(dockerfile: string): string[] {
  const stages = new Set(['scratch']);
  const found: string[] = [];
  // A line that ends in a backslash goes on in the next one.
  for (const line of dockerfile.replaceAll(/\\\n/g, ' ').split('\n')) {
    const [, syntax] = /^#\s*syntax\s*=\s*(\S+)/i.exec(line) ?? [];
    const [, image, stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(line) ?? [];
    const from = /^\s*#/.test(line)
      ? []
      : [...line.matchAll(/(?:--|[=,])from=([^\s,]+)/gi)].map(([, each = '']) => each);
    for (const each of [syntax, image, ...from])
      if (each !== undefined && !stages.has(each)) found.push(each);
    if (stage !== undefined) stages.add(stage);
  }
  return found;
}

/** As registries know it: github.com/distribution/reference, `familiar` names. */
function qualified(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}
