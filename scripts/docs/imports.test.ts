import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './markdown.ts';

/** What docs/architecture.md section 7 says of imports, as far as a program can see it. */

/** A path, and the paths that it imports when it is loaded: types are gone by then. */
type Graph = ReadonlyMap<string, readonly string[]>;

const IMPORT = /^(?:import|export)\s+(?!type\s)(?:[^;'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm;
const IS_TEST = /\.(test|fixture)\.ts$/;

/** Types as well. */
const REFERENCE = /^(?:import|export)\s+(?:[^;'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm;

function importsIn(path: string, source: string, of = IMPORT): string[] {
  return [...source.matchAll(of)].map(([, to = '']) => join(dirname(path), to));
}

async function readSources(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(join(ROOT, 'src'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  const paths = names.map((name) => join('src', name)).filter((path) => !IS_TEST.test(path));
  const read = async (path: string) => [path, await readFile(join(ROOT, path), 'utf8')] as const;
  return new Map(await Promise.all(paths.map(read)));
}

function graphOf(sources: ReadonlyMap<string, string>, of = IMPORT): Graph {
  return new Map([...sources].map(([path, source]) => [path, importsIn(path, source, of)]));
}

/** One circle, from a file back to itself; undefined: there is none. */
function circleIn(graph: Graph): readonly string[] | undefined {
  const done = new Set<string>();
  const circleFrom = (path: string, way: readonly string[]): readonly string[] | undefined => {
    const at = way.indexOf(path);
    if (at >= 0) return [...way.slice(at), path];
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const circle = circleFrom(next, [...way, path]);
      if (circle) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const circle = circleFrom(path, []);
    if (circle) return circle;
  }
  return undefined;
}

const sources = await readSources();
const all = graphOf(sources);
/** What the folder imports, as lines `from -> to`. */
const importsOf = (folder: string) =>
  [...all]
    .filter(([path]) => path.startsWith(`${folder}/`))
    .flatMap(([path, to]) => to.map((each) => `${path} -> ${each}`));

it('no file of the product is loaded by what it loads', () => {
  expect(all.size).toBeGreaterThan(300);
  expect(circleIn(all)).toBeUndefined();
});

it('nor is any described by what it describes: types run one way, too', () => {
  expect(circleIn(graphOf(sources, REFERENCE))).toBeUndefined();
});

/** The order of folders under `src/`, as docs/architecture.md section 7 draws it: what imports before what is imported. */
async function drawnOrder(): Promise<readonly (readonly string[])[]> {
  const page = await readFile(join(ROOT, 'docs/architecture.md'), 'utf8');
  const [, drawn = ''] = page.match(/^```\n(cli -> [^`]*)^```/m) ?? [];
  return drawn.split('->').map((level) => level.trim().split(/,\s*/));
}

/** Imports against the order, or between folders beside each other. */
function against(order: readonly (readonly string[])[], graph: Graph): readonly string[] {
  const levelOf = (path: string) => order.findIndex((level) => level.includes(path.split('/')[1] ?? ''));
  return [...graph].flatMap(([path, to]) =>
    to
      .filter((each) => each.split('/')[1] !== path.split('/')[1])
      .filter((each) => levelOf(each) <= levelOf(path))
      .map((each) => `${path} -> ${each}`),
  );
}

it('folders import in the order that the architecture draws, types included', async () => {
  const order = await drawnOrder();
  const types = graphOf(sources, REFERENCE);
  const inFolders = [...types].filter(([path]) => path.split('/').length > 2);
  const drawn = new Set(order.flat());
  expect(inFolders.map(([path]) => path).filter((path) => !drawn.has(path.split('/')[1] ?? ''))).toEqual([]);
  const shapes = ([path, to]: readonly [string, readonly string[]]) =>
    [path, to.filter((each) => each !== 'src/kube/types.ts' && each.startsWith('src/'))] as const;
  expect(against(order, new Map(inFolders.map(shapes)))).toEqual([]);
});

it('only the sandbox and the command start a simulated Azure', () => {
  const users = [...all].filter(([, to]) => to.some((each) => each.startsWith('src/simulator/')));
  expect(users.map(([path]) => path).filter((path) => !/^src\/(simulator|sandbox|cli)\//.test(path))).toEqual(
    [],
  );
});

it('finds imports against the order, and beside', () => {
  const graph = new Map([
    ['src/a/x.ts', ['src/b/x.ts', 'src/a/y.ts']],
    ['src/b/x.ts', ['src/a/x.ts', 'src/c/x.ts']],
  ]);
  expect(against([['a'], ['b', 'c']], graph)).toEqual([
    'src/b/x.ts -> src/a/x.ts',
    'src/b/x.ts -> src/c/x.ts',
  ]);
});

it('the simulated Azure imports nothing of the product, the clock aside', () => {
  const lines = importsOf('src/simulator');
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.filter((line) => !/ -> src\/(simulator|runtime\/time)\//.test(line))).toEqual([]);
});

it('the sandbox imports nothing by which azid knows Azure', () => {
  const lines = importsOf('src/sandbox');
  expect(lines.length).toBeGreaterThan(50);
  const ofAzid = / -> src\/(azure|cache|reconcilers|hints|policy|orphans|operator)\//;
  expect(lines.filter((line) => ofAzid.test(line))).toEqual([]);
});

it('the operator imports nothing of any single kind but in the list of them', () => {
  const kinds =
    all.get('src/operator/registry.ts')?.filter((to) => /^src\/reconcilers\/[^/]+\/index\.ts$/.test(to)) ??
    [];
  expect(kinds.length).toBeGreaterThan(8);
  const folders = kinds.map((to) => dirname(to));
  const isOfKind = (line: string) => folders.some((folder) => line.includes(` -> ${folder}/`));
  expect(
    importsOf('src/operator').filter(
      (line) => !line.startsWith('src/operator/registry.ts') && isOfKind(line),
    ),
  ).toEqual([]);
});

it.each([
  ["import { a } from './b.ts';", ['x/b.ts']],
  ["import {\n  a,\n  type B,\n} from '../y/b.ts';", ['y/b.ts']],
  ["import './b.ts';", ['x/b.ts']],
  ["export { a } from './b.ts';", ['x/b.ts']],
  ["import type { A } from './b.ts';\nexport type { B } from './c.ts';", []],
  ["import { join } from 'node:path';", []],
])('finds in %j what is loaded', (source, expected) => {
  expect(importsIn('x/a.ts', source)).toEqual(expected);
});

it('finds a circle, and none where two ways lead to one file', () => {
  const of = (edges: Record<string, string[]>) => circleIn(new Map(Object.entries(edges)));
  expect(of({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })).toBeUndefined();
  expect(of({ a: ['b'], b: ['c'], c: ['b'] })).toEqual(['b', 'c', 'b']);
});
