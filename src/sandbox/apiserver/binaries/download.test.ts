import { describe, expect, it } from 'vitest';
import { findChecksum, OFFICIAL_HOSTS, releaseOf } from './download.ts';

const PINS = { kubernetes: 'v1.37.2', etcd: 'v3.7.3', go: '1.26.0', hash: '0123456789ab' };
const LINUX = { os: 'linux', arch: 'arm64' };

describe('the release of', () => {
  it('a Kubernetes binary is a plain file with its hash beside it', () => {
    const url = 'https://dl.k8s.io/release/v1.37.2/bin/linux/arm64/kube-apiserver';
    expect(releaseOf('kube-apiserver', PINS, LINUX, OFFICIAL_HOSTS)).toEqual({
      url,
      checksumUrl: `${url}.sha256`,
    });
  });

  it('etcd is an archive with one list of hashes', () => {
    const base = 'https://github.com/etcd-io/etcd/releases/download/v3.7.3';
    expect(releaseOf('etcd', PINS, LINUX, OFFICIAL_HOSTS)).toEqual({
      url: `${base}/etcd-v3.7.3-linux-arm64.tar.gz`,
      checksumUrl: `${base}/SHA256SUMS`,
      member: 'etcd-v3.7.3-linux-arm64/etcd',
    });
  });

  it('a server does not exist outside Linux, that of kubectl does', () => {
    const mac = { os: 'darwin', arch: 'arm64' };
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const)
      expect(releaseOf(name, PINS, mac, OFFICIAL_HOSTS)).toBeUndefined();
    expect(releaseOf('kubectl', PINS, mac, OFFICIAL_HOSTS)?.url).toContain('/bin/darwin/arm64/kubectl');
  });
});

describe('a checksum file', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  it.each([
    ['is one hash', `${a}\n`, a],
    ['is one hash in capitals', 'A'.repeat(64), a],
    ['lists names', `${b}  other.tar.gz\n${a}  file.tar.gz\n`, a],
    ['lists binary files', `${a} *file.tar.gz\n`, a],
    ['lists only other names', `${b}  other.tar.gz\n`, undefined],
    ['is an error page', '<html>Not found</html>', undefined],
    ['is empty', '', undefined],
  ])('that %s', (_, text, expected) => {
    expect(findChecksum(text, 'file.tar.gz')).toBe(expected);
  });
});
