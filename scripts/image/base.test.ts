import { describe, expect, it } from 'vitest';
import { baseImageOf, referenceOf } from './base.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const stages = (from: string) =>
  `# a comment\nFROM ${from} AS build\nRUN x && \\\n  y\n\nFROM scratch\nCOPY --from=build /x /\n`;

describe('the image that a Dockerfile builds in', () => {
  it.each([
    ['node:24.21.0-bookworm-slim', 'docker.io/library/node:24.21.0-bookworm-slim'],
    ['example/node:24', 'docker.io/example/node:24'],
    ['registry.example/node:24', 'registry.example/node:24'],
    ['--platform=$BUILDPLATFORM node:24', 'docker.io/library/node:24'],
  ])('%s is named in full', (from, name) => {
    expect(referenceOf(baseImageOf(stages(`${from}@${DIGEST}`)))).toBe(`${name}@${DIGEST}`);
  });

  it.each([
    ['by a tag alone', 'node:24'],
    ['by a digest alone, which nobody can read and Dependabot does not raise', `node@${DIGEST}`],
    ['with a digest that is too short', 'node:24@sha256:0123'],
    ['with a digest in capitals', `node:24@${DIGEST.toUpperCase()}`],
    ['with a digest of another kind', `node:24@sha512:${'0'.repeat(64)}`],
    ['by a variable, which whoever builds may set', `node:$VERSION@${DIGEST}`],
    ['by a variable in its name', `$BASE:24@${DIGEST}`],
  ])('is refused %s', (_, from) => {
    expect(() => baseImageOf(stages(from))).toThrow(
      `expected an image as NAME:TAG@sha256: and 64 hexadecimal digits, got ${JSON.stringify(from)}`,
    );
  });

  it('is one: a frontend, a stage, a copy or a mount of another is refused, with its name', () => {
    const one = stages(`node:24@${DIGEST}`);
    for (const more of [
      '# syntax=docker/dockerfile:1\n',
      `FROM debian:12@${DIGEST}\n`,
      'COPY --from=debian:12 /lib /\n',
      'RUN --mount=type=bind,from=debian:12,target=/x true\n',
    ])
      expect(() => baseImageOf(more + one), more).toThrow(
        /expected one image to build in, found .*(debian:12|docker\/dockerfile:1)/,
      );
    expect(() => baseImageOf('FROM scratch\nCOPY x /\n')).toThrow(
      'expected one image to build in, found none',
    );
  });

  it('may be that of several stages', () => {
    const twice = `FROM node:24@${DIGEST} AS one\nFROM node:24@${DIGEST} AS two\nFROM two\nCOPY --from=one /x /\n`;
    expect(baseImageOf(twice).tag).toBe('24');
  });
});
