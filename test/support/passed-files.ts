import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/**
 * The files of the product in which a function ran during `during`, as V8 counts calls; sorted paths from the project's root. What the
 * simulated Azure and the sandbox ran is left out.
 */
export async function filesPassed(during: () => Promise<void>): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    // What ran before does not count: the counters start anew with each reading.
    await session.post('Profiler.takePreciseCoverage');
    await during();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ functions }) => functions.some(hasRun))
      .map(({ url }) => pathOf(url))
      .filter((path) => path.startsWith('src/') && !/^src\/(simulator|sandbox)\//.test(path))
      .sort();
  } finally {
    session.disconnect();
  }
}

/** What has no name is a callback of a function that has run as well, or a getter by which vitest exports a name. */
function hasRun({ functionName, ranges: [whole] }: Profiler.FunctionCoverage): boolean {
  return functionName !== '' && (whole?.count ?? 0) > 0;
}

/** As a URL where Node loaded it, as a path where vitest did. */
function pathOf(url: string): string {
  const root = fileURLToPath(ROOT);
  return relative(root, url.startsWith('file:') ? fileURLToPath(url) : url);
}
