import { one, quantile, type Row, rateOf } from '../panel.ts';

export const events: Row = {
  title: 'Events',
  panels: [
    {
      title: 'Events received',
      about: 'Actionable: one led to a read of Azure.',
      unit: 'ops',
      queries: one(
        rateOf('azid_event_received_total', 'source, actionable'),
        '{{source}} actionable {{actionable}}',
      ),
    },
    {
      title: 'Events that led to nothing, by reason',
      about: 'Own: what azid did itself.',
      unit: 'ops',
      queries: one(rateOf('azid_event_dropped_total', 'source, reason'), '{{source}} {{reason}}'),
    },
    {
      title: 'From the change to azid, p99',
      about: 'How long ago an event had happened when it was received.',
      unit: 's',
      queries: one(quantile(0.99, 'azid_event_age_seconds', 'source'), '{{source}}'),
    },
    {
      title: 'State of the queues',
      about: '1 for the state that the queue of a source is in.',
      unit: 'short',
      queries: one('max by (source, state) (azid_event_source_state{job=~"$job"})', '{{source}} {{state}}'),
    },
    {
      title: 'Silence',
      about: 'Since the last event of Resource Manager.',
      unit: 's',
      queries: one('min by (source) (azid_event_silence_seconds{job=~"$job"})', '{{source}}'),
    },
    {
      title: 'Messages settled and dead-lettered',
      about: 'Failed ones come again; dead-lettered ones can never be understood.',
      unit: 'ops',
      queries: [
        {
          expr: rateOf('azid_event_messages_settled_total', 'source, outcome'),
          legend: '{{source}} {{outcome}}',
        },
        {
          expr: rateOf('azid_event_messages_dead_lettered_total', 'source, reason'),
          legend: '{{source}} {{reason}}',
        },
      ],
    },
    {
      title: 'Records of the Activity Log',
      about: 'What lists do not show: federated credentials, and who did it.',
      unit: 'ops',
      queries: one(
        rateOf('azid_activity_log_records_total', 'provider, actionable'),
        '{{provider}} actionable {{actionable}}',
      ),
    },
    {
      title: 'Activity Log last read',
      about: 'Read every 5 minutes.',
      unit: 's',
      queries: one(
        'max by (subscription) (azid_activity_log_last_read_age_seconds{job=~"$job"})',
        '{{subscription}}',
      ),
    },
    {
      title: 'From the change to its record, p99',
      about: 'Azure writes a record after minutes.',
      unit: 's',
      queries: one(
        'histogram_quantile(0.99, sum by (le) (rate(azid_activity_log_record_age_seconds_bucket{job=~"$job"}[$__rate_interval])))',
        'p99',
      ),
    },
  ],
};
