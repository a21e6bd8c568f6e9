import { describe, expect, it } from 'vitest';
import { BINARY_NAMES, GO_PACKAGES, parsePins, readPins } from './pins.ts';

const MOD = `module azid.dev/controlplane

go 1.26.0

require (
	go.etcd.io/etcd/server/v3 v3.7.3
	k8s.io/kubernetes v1.37.2
)
`;

describe('pins', () => {
  it('are read from the requirements of go.mod', () => {
    expect(parsePins(MOD, 'sum')).toMatchObject({ kubernetes: 'v1.37.2', etcd: 'v3.7.3', go: '1.26.0' });
  });

  it('hash every byte of go.mod and go.sum, and the border between them', () => {
    const hashes = [
      parsePins(MOD, 'sum'),
      parsePins(MOD, 'sun'),
      parsePins(`${MOD}\n`, 'sum'),
      parsePins(`${MOD}s`, 'um'),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(4);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{12}$/);
  });

  it('name what go.mod does not pin', () => {
    expect(() => parsePins(MOD.replace('k8s.io/kubernetes v1', 'k8s.io/other v1'), '')).toThrow(
      'expected go.mod to pin k8s.io/kubernetes, found no such line',
    );
  });

  it('of the checked-in go.mod are complete, and every binary is one of its tools', async () => {
    const pins = await readPins();
    expect(pins.kubernetes).toMatch(/^v1\.\d+\.\d+$/);
    expect(pins.etcd).toMatch(/^v3\.\d+\.\d+$/);
    for (const name of BINARY_NAMES) expect(GO_PACKAGES[name]).toMatch(/^(k8s|go\.etcd)\.io\//);
  });
});
