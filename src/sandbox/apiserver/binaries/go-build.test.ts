import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../runtime/time/clock.ts';
import { temporaryFolder } from '../temporary-folder.fixture.ts';
import { chooseToolchain, goBuild, goSuffices, linkerFlags } from './go-build.ts';

const PINS = { kubernetes: 'v1.37.2', etcd: 'v3.7.3', go: '1.26.0', hash: '0123456789ab' };

describe('the Go version', () => {
  it.each([
    ['1.26.8', '1.26.0', true],
    ['1.26.0', '1.26.0', true],
    ['1.26', '1.26.0', true],
    ['1.100.0', '1.26.0', true],
    ['2.0', '1.26.0', true],
    ['1.25.9', '1.26.0', false],
    ['1.9', '1.26.0', false],
    ['1.26rc1', '1.26.0', true],
    ['', '1.26.0', false],
  ])('%s for %s: %s', (have, need, suffices) => {
    expect(goSuffices(have, need)).toBe(suffices);
  });

  it('is used as it is, or fetches the right one, or is too old', () => {
    expect(chooseToolchain('1.26.8', '1.26.0')).toBe('local');
    expect(chooseToolchain('1.21.0', '1.26.0')).toBe('auto');
    expect(() => chooseToolchain('1.20.14', '1.26.0')).toThrow(
      'expected Go 1.26.0 or newer, found 1.20.14; get it from https://go.dev/dl',
    );
  });
});

it('the linker gets the version the API server reports', () => {
  expect(linkerFlags(PINS)).toBe(
    '-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2 -X k8s.io/component-base/version.gitMajor=1 ' +
      '-X k8s.io/component-base/version.gitMinor=37 -X k8s.io/component-base/version.gitTreeState=clean',
  );
});

describe('a Go build', () => {
  const context = (PATH: string, lines: string[] = []) => ({
    env: { PATH },
    clock: systemClock,
    progress: (line: string) => void lines.push(line),
  });

  it('without Go says where to get it', async () => {
    await using folder = await temporaryFolder();
    await expect(goBuild('etcd', folder.file('etcd'), PINS, context(folder.path))).rejects.toThrow(
      'found no `go` on the PATH; get it from https://go.dev/dl',
    );
  });

  it('that fails ends with the last lines Go wrote', async () => {
    await using folder = await temporaryFolder();
    await folder.script(
      'go',
      '[ "$1" = env ] && { echo go1.26.8; exit; }\necho "go: no way out" >&2; exit 1',
    );
    const lines: string[] = [];
    await expect(
      goBuild('etcd', folder.file('etcd'), PINS, context(`${folder.path}:${process.env.PATH}`, lines)),
    ).rejects.toThrow('go build exited with 1:\n     go: no way out');
    expect(lines[0]).toBe(
      "building etcd with Go 1.26.8: about 1 min the first time on two cores, less once Go's own cache is warm",
    );
  });

  it('is one of the pinned package for this machine, independently of the environment', async () => {
    await using folder = await temporaryFolder();
    await folder.script(
      'go',
      '[ "$1" = env ] && { echo go1.26.8; exit; }\n' +
        'for last; do :; done\n' +
        'echo "$last CGO=$CGO_ENABLED OS=$GOOS TOOLCHAIN=$GOTOOLCHAIN WORK=$GOWORK PROXY=$GOPROXY"; exit 1',
    );
    const env = { GOOS: 'plan9', CGO_ENABLED: '1', GOWORK: '/elsewhere', GOPROXY: 'https://proxy.example' };
    const { env: path, ...rest } = context(`${folder.path}:${process.env.PATH}`);
    await expect(
      goBuild('kubectl', folder.file('kubectl'), PINS, { ...rest, env: { ...env, ...path } }),
    ).rejects.toThrow(
      'k8s.io/kubernetes/cmd/kubectl CGO=0 OS= TOOLCHAIN=local WORK=off PROXY=https://proxy.example',
    );
  });
});
