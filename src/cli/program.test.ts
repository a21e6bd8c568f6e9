import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** What a fresh process loads for `specifier`, beside Node's own modules: packages by name, own files by path. */
async function loadedBy(specifier: string): Promise<ReadonlySet<string>> {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ load(url, context, next) {
      loaded.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1] ?? /\\/(src\\/.*)/.exec(url)?.[1] ?? url);
      return next(url, context);
    } });
    await import(${JSON.stringify(new URL(specifier, import.meta.url).href)});
    process.stdout.write(JSON.stringify([...loaded]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return new Set(JSON.parse(stdout) as string[]);
}

it('the controller loads neither the sandbox nor what only a login by plugin needs', async () => {
  const [command, controller] = await Promise.all([
    loadedBy('./program.ts'),
    loadedBy('./controller/run-controller.ts'),
  ]);
  // The search itself works.
  expect(controller).toContain('undici');
  expect(controller).toContain('src/operator/operator.ts');
  for (const loaded of [command, controller]) {
    expect(loaded).not.toContain('@kubernetes/client-node');
    expect(loaded).not.toContain('@peculiar/x509');
    expect([...loaded].filter((each) => /^src\/(simulator|sandbox\/sandbox)/.test(each))).toEqual([]);
  }
});
