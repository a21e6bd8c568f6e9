import { one, type Row, rateOf } from '../panel.ts';

export const process: Row = {
  title: 'Process',
  panels: [
    {
      title: 'Leader',
      about: '1 for the process that holds the Lease.',
      unit: 'short',
      queries: one('leader_election_master_status{job=~"$job"}', '{{instance}}'),
    },
    {
      title: 'Memory',
      about: 'The limit of the Deployment is 512 MiB.',
      unit: 'bytes',
      queries: [
        { expr: 'process_resident_memory_bytes{job=~"$job"}', legend: '{{instance}} resident' },
        { expr: 'nodejs_heap_size_used_bytes{job=~"$job"}', legend: '{{instance}} heap' },
      ],
    },
    {
      title: 'CPU',
      about: 'Cores.',
      unit: 'short',
      queries: one(rateOf('process_cpu_seconds_total', 'instance'), '{{instance}}'),
    },
    {
      title: 'Lag of the event loop, p99',
      about: 'The Lease is renewed by the same loop.',
      unit: 's',
      queries: one('nodejs_eventloop_lag_p99_seconds{job=~"$job"}', '{{instance}}'),
    },
    {
      title: 'Garbage collection',
      about: 'Share of the time.',
      unit: 'percentunit',
      queries: one(
        'sum by (instance, kind) (rate(nodejs_gc_duration_seconds_sum{job=~"$job"}[$__rate_interval]))',
        '{{instance}} {{kind}}',
      ),
    },
    {
      title: 'Requests to the API server, by status',
      about: '<error>: no answer came.',
      unit: 'ops',
      queries: one(rateOf('rest_client_requests_total', 'method, code'), '{{method}} {{code}}'),
    },
  ],
};
