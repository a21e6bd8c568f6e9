import { beforeEach, expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics({ process: false });
});
const lines = async (name: string) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name));

it('records start at zero for each provider, and are counted by whether they led to a read', async () => {
  const provider = 'Microsoft.ManagedIdentity';
  expect(await lines('azid_activity_log_records_total')).toHaveLength(4);
  metrics.activityLog.received(3, { provider, actionable: false });
  metrics.activityLog.received(1, { provider, actionable: true });
  expect(await lines(`azid_activity_log_records_total{provider="${provider}"`)).toEqual([
    `azid_activity_log_records_total{provider="${provider}",actionable="true"} 1`,
    `azid_activity_log_records_total{provider="${provider}",actionable="false"} 3`,
  ]);
});

it('a log that was never read is infinitely old, and one that held nothing has no last record', async () => {
  metrics.activityLog.parts(() => [
    { subscriptionId: 's1', recordAgeMs: 90_000, readAgeMs: 60_000 },
    { subscriptionId: 's2', recordAgeMs: undefined, readAgeMs: undefined },
  ]);
  expect(await lines('azid_activity_log_last_')).toEqual([
    'azid_activity_log_last_read_age_seconds{subscription="s1"} 60',
    'azid_activity_log_last_read_age_seconds{subscription="s2"} +Inf',
    'azid_activity_log_last_record_age_seconds{subscription="s1"} 90',
  ]);
  metrics.activityLog.parts(() => []);
  expect(await lines('azid_activity_log_last_')).toEqual([]);
});

it('failures are counted by subscription and reason', async () => {
  metrics.activityLog.failed({ subscriptionId: 's1', reason: 'AuthorizationFailed' });
  expect(await lines('azid_activity_log_failures_total')).toEqual([
    'azid_activity_log_failures_total{subscription="s1",reason="AuthorizationFailed"} 1',
  ]);
});

it('sign-ins have an age only where azid asks for them', async () => {
  expect(await lines('azid_sign_ins_age_seconds')).toEqual([]);
  metrics.signIns.age(() => undefined);
  expect(await lines('azid_sign_ins_age_seconds')).toEqual(['azid_sign_ins_age_seconds +Inf']);
  metrics.signIns.age(() => 5_000);
  metrics.signIns.failed('MissingLicence');
  expect(await lines('azid_sign_ins_')).toEqual([
    'azid_sign_ins_failures_total{reason="MissingLicence"} 1',
    'azid_sign_ins_age_seconds 5',
  ]);
});
