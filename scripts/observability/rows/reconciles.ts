import { one, quantile, type Row, rateOf } from '../panel.ts';

const OF = ',controller=~"$controller"';

export const reconciles: Row = {
  title: 'Reconciles and queue',
  panels: [
    {
      title: 'Reconciles by result',
      about: 'requeue_after: done, and read again at a time.',
      unit: 'ops',
      queries: one(rateOf('controller_runtime_reconcile_total', 'result', OF), '{{result}}'),
    },
    {
      title: 'Reconciles that fail, by kind',
      about: 'Stalled objects included: those no retry helps.',
      unit: 'ops',
      queries: [
        {
          expr: rateOf('controller_runtime_reconcile_errors_total', 'controller', OF),
          legend: '{{controller}}',
        },
        {
          expr: rateOf('controller_runtime_terminal_reconcile_errors_total', 'controller', OF),
          legend: '{{controller}} stalled',
        },
      ],
    },
    {
      title: 'Panics and time-outs',
      about: 'A panic is a fault of azid: the log has the stack.',
      unit: 'ops',
      queries: [
        {
          expr: rateOf('controller_runtime_reconcile_panics_total', 'controller', OF),
          legend: '{{controller}} panics',
        },
        {
          expr: rateOf('controller_runtime_reconcile_timeouts_total', 'controller', OF),
          legend: '{{controller}} time-outs',
        },
      ],
    },
    {
      title: 'How long reconciles take',
      about: 'Waits for a rate limit included.',
      unit: 's',
      queries: [
        {
          expr: quantile(0.5, 'controller_runtime_reconcile_time_seconds', 'controller', OF),
          legend: '{{controller}} p50',
        },
        {
          expr: quantile(0.99, 'controller_runtime_reconcile_time_seconds', 'controller', OF),
          legend: '{{controller}} p99',
        },
      ],
    },
    {
      title: 'Objects that wait for a worker, by class',
      about: 'An edit overtakes an event, an event overtakes a resync.',
      unit: 'short',
      queries: one(
        'sum by (controller, priority) (workqueue_depth{job=~"$job",controller=~"$controller"})',
        '{{controller}} {{priority}}',
      ),
    },
    {
      title: 'The longest wait in the queue',
      about: 'Of what waits now.',
      unit: 's',
      queries: one(
        'max by (controller) (azid_queue_age_seconds{job=~"$job",controller=~"$controller"})',
        '{{controller}}',
      ),
    },
    {
      title: 'From due to worker, p99',
      about: 'Of what was taken.',
      unit: 's',
      queries: one(quantile(0.99, 'workqueue_queue_duration_seconds', 'controller', OF), '{{controller}}'),
    },
    {
      title: 'Workers',
      about: 'Who waits for a rate limit of Azure has no worker meanwhile.',
      unit: 'short',
      queries: [
        {
          expr: 'sum by (controller) (controller_runtime_active_workers{job=~"$job",controller=~"$controller"})',
          legend: '{{controller}} busy',
        },
        {
          expr: 'max by (controller) (controller_runtime_max_concurrent_reconciles{job=~"$job",controller=~"$controller"})',
          legend: '{{controller}} most',
        },
        {
          expr: 'sum by (controller) (azid_reconciles_waiting{job=~"$job",controller=~"$controller"})',
          legend: '{{controller}} waiting for Azure',
        },
      ],
    },
    {
      title: 'The longest reconcile under way',
      about: 'Waits for a rate limit included.',
      unit: 's',
      queries: one(
        'max by (controller) (workqueue_longest_running_processor_seconds{job=~"$job",controller=~"$controller"})',
        '{{controller}}',
      ),
    },
    {
      title: 'Added and retried',
      about: 'Keys of the queue.',
      unit: 'ops',
      queries: [
        { expr: rateOf('workqueue_adds_total', 'controller', OF), legend: '{{controller}} added' },
        { expr: rateOf('workqueue_retries_total', 'controller', OF), legend: '{{controller}} retried' },
      ],
    },
  ],
};
