import { one, quantile, type Row, rateOf } from '../panel.ts';

export const azure: Row = {
  title: 'Azure',
  panels: [
    {
      title: 'Calls that succeeded',
      about: 'With nothing to do: lists, every few minutes.',
      unit: 'ops',
      queries: one(
        rateOf('azure_successful_requests_total', 'resource, requestType'),
        '{{requestType}} {{resource}}',
      ),
    },
    {
      title: 'Calls that failed, by status',
      about: 'A 404 to a read is an answer like others; none: no answer came.',
      unit: 'ops',
      queries: one(
        rateOf('azure_failed_requests_total', 'resource, responseCode'),
        '{{responseCode}} {{resource}}',
      ),
    },
    {
      title: 'Tokens that Entra did not give',
      about: 'Without one the call is not made, and is counted nowhere else.',
      unit: 'ops',
      queries: one('sum(rate(azid_azure_sign_in_failures_total{job=~"$job"}[$__rate_interval]))', 'failed'),
    },
    {
      title: '429 answers',
      about: 'Azure throttles: azid waits as long as it is told.',
      unit: 'ops',
      queries: one(rateOf('azure_failed_requests_total', 'resource', ',responseCode="429"'), '{{resource}}'),
    },
    {
      title: 'Share of the time that Azure makes azid wait',
      about: 'Seconds in the Retry-After of 429 answers, for each second.',
      unit: 'percentunit',
      queries: one(
        rateOf('azure_throttled_seconds_total', 'subscription, kind'),
        '{{kind}} {{subscription}}',
      ),
    },
    {
      title: 'What Azure has left',
      about: 'Of the last x-ms-ratelimit-remaining header, by bucket.',
      unit: 'short',
      queries: one(
        'min by (subscription, bucket) (azure_ratelimit_remaining{job=~"$job"})',
        '{{bucket}} {{subscription}}',
      ),
    },
    {
      title: 'Wait for a rate limit, p99',
      about: 'Of azid itself, at 90 % of the figures of Azure, and what a 429 holds back.',
      unit: 's',
      queries: one(quantile(0.99, 'azid_azure_wait_seconds', 'kind, priority'), '{{kind}} {{priority}}'),
    },
    {
      title: 'How long calls take, p99',
      about: 'Waits left out.',
      unit: 's',
      queries: one(
        quantile(0.99, 'azure_requests_time_seconds', 'resource, requestType'),
        '{{requestType}} {{resource}}',
      ),
    },
    {
      title: 'Age of the last list',
      about: 'By cache. Of credentials, of the oldest read.',
      unit: 's',
      queries: one(
        'max by (cache, subscription, part) (azid_mirror_age_seconds{job=~"$job"})',
        '{{cache}} {{subscription}} {{part}}',
      ),
    },
    {
      title: 'Caches that may miss things',
      about: '1: nothing is deleted because a list lacks it.',
      unit: 'short',
      queries: one(
        'max by (cache, subscription, part) (azid_mirror_partial{job=~"$job"})',
        '{{cache}} {{subscription}} {{part}}',
      ),
    },
    {
      title: 'Things in the caches',
      about: 'What azid knows of Azure.',
      unit: 'short',
      queries: one(
        'max by (cache) (sum by (cache, instance) (azid_mirror_entries{job=~"$job"}))',
        '{{cache}}',
      ),
    },
  ],
};
