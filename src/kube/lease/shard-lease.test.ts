import { describe, expect, it } from 'vitest';
import type { Lease } from '../builtin.ts';
import {
  hasReleased,
  type SeenNamespaces,
  SHARD_ANNOTATION,
  shardAnnotation,
  shardOn,
} from './shard-lease.ts';

const leaseWith = (annotation: string | undefined, holder = 'me') =>
  ({
    metadata: { annotations: annotation === undefined ? {} : { [SHARD_ANNOTATION]: annotation } },
    spec: { holderIdentity: holder },
  }) as unknown as Lease;
const written = (seen: SeenNamespaces | undefined) => shardOn(leaseWith(shardAnnotation('me', 'blue', seen)));
const but = (version: string, ...releasing: string[]) => ({ version, releasing });

describe('what a Lease says is read as it was written', () => {
  it.each<readonly [string, SeenNamespaces | undefined, string]>([
    ['only begun', undefined, 'me blue -'],
    ['all released', { version: '7' }, 'me blue 7'],
    ['something runs', { version: '7', but: but('9', 'a', 'b') }, 'me blue 7 9 a,b'],
    ['something runs, and nothing was seen before', { version: '', but: but('9', 'a') }, 'me blue - 9 a'],
  ])('%s', (_, seen, annotation) => {
    expect(shardAnnotation('me', 'blue', seen)).toBe(annotation);
    expect(written(seen)).toEqual({ shard: 'blue', ...(seen && { seen }) });
  });

  it('nothing newer than what all have released, while too many still run to be named', () => {
    const names = Array.from({ length: 51 }, (_, n) => `team-${n}`);
    expect(written({ version: '7', but: but('9', ...names) })).toEqual({
      shard: 'blue',
      seen: { version: '7' },
    });
    const fewer = names.slice(1);
    expect(written({ version: '7', but: but('9', ...fewer) })?.seen?.but?.releasing).toEqual(fewer);
  });

  it.each([
    ['nothing', undefined],
    ['what the holder before wrote', 'before blue 7 9 a'],
    ['no shard', 'me'],
  ])('none: %s', (_, annotation) => expect(shardOn(leaseWith(annotation))).toBeUndefined());

  it.each([
    ['a version that is none', 'me blue soon', undefined],
    ['a newer version that is none', 'me blue 7 soon a', { version: '7' }],
    ['a newer version without names', 'me blue 7 9', { version: '7' }],
    ['more words than this azid knows', 'me blue 7 9 a more', { version: '7', but: but('9', 'a') }],
  ])('%s', (_, annotation, seen) =>
    expect(shardOn(leaseWith(annotation))).toEqual({ shard: 'blue', ...(seen && { seen }) }),
  );
});

describe('its holder has released a namespace', () => {
  it.each<readonly [string, string, SeenNamespaces | undefined, boolean]>([
    ['a', '8', undefined, false],
    ['a', '8', { version: '7' }, false],
    ['a', '8', { version: '8' }, true],
    ['a', '8', { version: '10' }, true],
    ['a', '8', { version: '7', but: but('9', 'a') }, false],
    ['b', '8', { version: '7', but: but('9', 'a') }, true],
    ['b', '10', { version: '7', but: but('9', 'a') }, false],
    // It came back and went again: that it was released before counts no more.
    ['a', '6', { version: '7', but: but('9', 'a') }, false],
    ['b', '6', { version: '7', but: but('9', 'a') }, true],
    ['b', '8', { version: '', but: but('9', 'a') }, true],
    ['a', '8', { version: '', but: but('9', 'a') }, false],
  ])('%s since version %s, where it says %o: %s', (namespace, version, seen, expected) => {
    expect(hasReleased(written(seen), namespace, version)).toBe(expected);
  });
});
