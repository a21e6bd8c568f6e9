import { one, type Row, rateOf } from '../panel.ts';

export const orphans: Row = {
  title: 'Orphans',
  panels: [
    {
      title: 'Candidates by verdict',
      about: 'Due: the next to be deleted.',
      unit: 'short',
      queries: one(
        'max by (type, reason, verdict) (azid_orphans{job=~"$job"})',
        '{{type}} {{reason}} {{verdict}}',
      ),
    },
    {
      title: 'Deleted in Azure',
      about: 'By this process.',
      unit: 'ops',
      queries: one(rateOf('azid_orphan_deletions_total', 'type'), '{{type}}'),
    },
    {
      title: 'Since the last run began',
      about: 'By sweep.',
      unit: 's',
      queries: one('min by (sweep) (azid_orphan_run_age_seconds{job=~"$job"})', '{{sweep}}'),
    },
    {
      title: 'Until the next run',
      about: 'Below zero: overdue.',
      unit: 's',
      queries: one('min by (name) (azid_orphansweep_next_run_timestamp_seconds) - time()', '{{name}}'),
    },
  ],
};
