import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { HEADERS, isGenerated, markdownTable } from './file.ts';
import { flagsReference } from './flags.ts';
import { kindsReference } from './kinds.ts';
import { metricsReference, seriesOf } from './metrics.ts';

describe('the reference of kinds', () => {
  const { text } = kindsReference();
  const row = (field: string) => text.split('\n').find((line) => line.startsWith(`| \`${field}\``));

  it('has every field of every kind', () => {
    for (const kind of KINDS)
      for (const field of [...Object.keys(kind.spec.shape), ...Object.keys(kind.status.shape)])
        expect(row(field), `${kind.resource.kind} ${field}`).toBeDefined();
  });

  it('says what is required, what cannot change, and the defaults', () => {
    expect(row('namespaces')).toContain('| required |');
    expect(row('location')).toContain('immutable');
    expect(row('tags')).not.toContain('immutable');
    expect(row('deletionPolicy')).toContain('`"Delete"`');
  });

  it('quotes the messages of the CEL rules, also those put together by an expression', () => {
    expect(text).toContain("`spec`: the object's name ... cannot be the name of an identity in Azure");
    expect(text).toContain('`spec.location`: location is immutable');
  });
});

describe('the reference of flags', () => {
  const { text } = flagsReference();
  const row = (flag: string) => text.split('\n').find((line) => line.startsWith(`| \`${flag}`));

  it('gives the variable and the default in a form that the flag takes', () => {
    expect(row('--resync-interval')).toContain('| `AZID_RESYNC_INTERVAL` | `10m` |');
    expect(row('--tenant-id')).toContain('| required |');
    expect(row('--credential')).toContain('`workload-identity`');
  });

  it('gives switches the variable they read', () => {
    expect(row('--no-controller')).toContain(
      '| `AZID_SANDBOX_NO_CONTROLLER=true` |  | start only the two servers',
    );
  });
});

describe('the reference of metrics', () => {
  it('has the labels of every series, and buckets are no label', async () => {
    const { text } = await metricsReference();
    expect(text).toContain('| `azid_mirror_partial` | gauge | `cache`, `subscription`, `part` |');
    expect(text).toContain('| `workqueue_queue_duration_seconds` | histogram | `name`, `controller` |');
    expect(text).not.toContain('`le`');
  });

  it('cannot leave out the labels of a series that has no value yet', () => {
    expect(() => seriesOf('# HELP azid_new What it is.\n# TYPE azid_new gauge\n')).toThrow(
      'expected the series azid_new to have a value',
    );
  });
});

describe('a generated file', () => {
  it('is known by its header; what a person wrote is not', () => {
    expect(Object.values(HEADERS).map((header) => isGenerated(`${header}text`))).not.toContain(false);
    expect(isGenerated('# Metrics\n')).toBe(false);
  });

  it('keeps bars and tags out of table cells', () => {
    expect(markdownTable(['a'], [['x | <b> `<c>`']])).toBe('| a |\n| --- |\n| x \\| &lt;b> `<c>` |\n');
  });
});
