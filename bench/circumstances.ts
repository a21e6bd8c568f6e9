import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { readPins } from '../src/sandbox/apiserver/binaries/pins.ts';

/** Under what the figures were taken: `docs/benchmarks.md` states it beside them. */
export async function circumstances(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { kubernetes } = await readPins();
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `azid ${version}, kube-apiserver ${kubernetes}, Node ${process.versions.node}, ${processors.length} x ${processors[0]?.model.trim() ?? 'unknown processor'}, ${memory} GiB`;
}
