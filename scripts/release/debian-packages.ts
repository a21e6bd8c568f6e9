/** Whose the libraries of an image are, asked of dpkg on the machine that they were taken from. */
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { Part } from './sbom.ts';

/** By package; by the file's own name where there is no dpkg, or it knows nothing. */
export async function debianPackages(files: readonly string[]): Promise<Part[]> {
  const found = new Map<string, Part & { files: string[] }>();
  for (const file of files) {
    const owner = (await ownerOf(file)) ?? { name: basename(file) };
    const part = found.get(owner.name) ?? { ...owner, files: [] };
    part.files.push(file);
    found.set(owner.name, part);
  }
  return [...found.values()];
}

async function ownerOf(file: string): Promise<Omit<Part, 'files'> | undefined> {
  // /lib is a link to /usr/lib, and dpkg knows each file by the one of both names that its package has.
  const names = [file, file.startsWith('/usr/') ? file.slice('/usr'.length) : `/usr${file}`];
  for (const name of names) {
    const [owner] = (await dpkg('-S', name)).split(': ');
    if (!owner) continue;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's, not ours.
    const [version, arch] = (await dpkg('-W', '-f=${Version} ${Architecture}', owner)).split(' ');
    const [plain = owner] = owner.split(':');
    if (!version) continue;
    const purl = `pkg:deb/debian/${plain}@${encodeURIComponent(version)}?arch=${arch}`;
    return { name: plain, version, purl };
  }
  return undefined;
}

async function dpkg(...args: readonly string[]): Promise<string> {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    return (await promisify(execFile)('dpkg-query', [...args], { env })).stdout;
  } catch {
    return '';
  }
}
