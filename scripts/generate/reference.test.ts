import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { labelMeaning } from '../../src/observability/metrics/labels.ts';
import { HEADERS, isGenerated, markdownTable } from './file.ts';
import { flagsReference } from './flags.ts';
import { kindsReference } from './kinds.ts';
import { allSeries, metricsReference } from './metrics.ts';

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

describe('the reference of metrics', async () => {
  const { text } = await metricsReference();

  it('has every series with its labels, also those without a value yet, and buckets are no label', () => {
    expect(text).toContain('| `azid_mirror_partial` | gauge | `cache`, `subscription`, `part` |');
    expect(text).toContain('| `workqueue_queue_duration_seconds` | histogram | `name`, `controller` |');
    expect(text).toContain('| `process_open_fds` | gauge |');
    expect(text).not.toContain('`le`');
    const rows = [...text.matchAll(/^\| `(\w+)` \| (?:counter|gauge|histogram|summary) \|/gm)];
    expect(rows.map(([, name]) => name).sort()).toEqual(allSeries().map(({ name }) => name));
  });

  it('says of each label what it is, and its values where they are few', () => {
    expect(text).toMatch(/^\| `priority` \|.*`edit`, `event`, `resync` \|$/m);
    expect(text).toMatch(/^\| `name` \| `leader_election_master_status` \|/m);
    expect(() => labelMeaning('azid_new', 'colour')).toThrow('what the label colour of azid_new is');
  });

  it('names the alerts and the rows of the dashboard that rest on a series', () => {
    expect(text).toMatch(
      /^\| `azid_mirror_partial` .*\[AzidCachePartial\]\(\.\.\/guides\/answer-an-alert\.md#azidcachepartial\), Azure \|$/m,
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
