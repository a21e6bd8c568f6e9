import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { alertRules, ruleGroups } from '../../scripts/observability/alerts.ts';
import { type FiringAlert, Prometheus } from '../support/prometheus.ts';

/**
 * Every alert over written series, in the files of `alerts/`, which are in the form of `promtool test rules`: silent before its time,
 * firing with its labels and texts, and silent over what only looks like it.
 */

interface TestFile {
  readonly tests: readonly {
    readonly name: string;
    readonly interval: string;
    readonly input_series: readonly { readonly series: string; readonly values: string }[];
    readonly alert_rule_test: readonly Check[];
  }[];
}

interface Check {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly {
    readonly exp_labels: Readonly<Record<string, string>>;
    readonly exp_annotations: Readonly<Record<string, string>>;
  }[];
}

const FOLDER = join(import.meta.dirname, 'alerts');
const minutes = (time: string) => Number(/^(\d+)m$/.exec(time)?.[1]) * 60;

const names = (await readdir(FOLDER)).sort();
const files = await Promise.all(
  names.map(async (name) => parse(await readFile(join(FOLDER, name), 'utf8')) as TestFile),
);
const tests = files.flatMap((file, at) => file.tests.map((test) => ({ ...test, file: names[at] ?? '' })));
const rules = stringify({ groups: await ruleGroups() });

let fires: readonly (readonly FiringAlert[])[][];
beforeAll(async () => {
  const prometheus = await Prometheus.build();
  fires = await prometheus.firing(
    rules,
    tests.map(({ interval, input_series, alert_rule_test }) => ({
      stepSeconds: minutes(interval),
      series: input_series.map(({ series, values }) => ({ series, values: String(values) })),
      checks: alert_rule_test.map(({ alertname, eval_time }) => ({
        alert: alertname,
        atSeconds: minutes(eval_time),
      })),
    })),
  );
}, 600_000);

const sorted = (alerts: readonly FiringAlert[]) =>
  alerts.toSorted((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));

describe.each(tests.map((test, at) => ({ ...test, at })))('$file: $name', ({ alert_rule_test, at }) => {
  it.each(alert_rule_test.map((check, nth) => ({ ...check, nth })))(
    '$alertname at $eval_time',
    ({ exp_alerts, nth }) => {
      const expected = exp_alerts.map(({ exp_labels, exp_annotations }) => ({
        labels: exp_labels,
        annotations: exp_annotations,
      }));
      expect(sorted(fires[at]?.[nth] ?? [])).toEqual(sorted(expected));
    },
  );
});

it('every alert is seen firing, and silent', async () => {
  const checks = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  const seen = (fires: boolean) =>
    new Set(
      checks.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map(({ alertname }) => alertname),
    );
  const alerts = (await alertRules()).map(({ alert }) => alert);
  expect(alerts.filter((alert) => !seen(true).has(alert))).toEqual([]);
  expect(alerts.filter((alert) => !seen(false).has(alert))).toEqual([]);
});

it('an alert with `for` is seen silent before its time', async () => {
  const waits = (await alertRules()).filter((rule) => rule.for !== undefined).map(({ alert }) => alert);
  const grew = tests.flatMap(({ alert_rule_test: checks }) =>
    checks.filter(({ exp_alerts }, at) => exp_alerts.length > 0 && checks[at - 1]?.exp_alerts.length === 0),
  );
  expect(waits.filter((alert) => !grew.some(({ alertname }) => alertname === alert))).toEqual([]);
});
