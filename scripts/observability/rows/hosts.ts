import { one, quantile, type Row, rateOf } from '../panel.ts';

const HOSTS = 'customresource_kind=~"IdentityAttachment|SystemAssignedIdentity|HostIdentity"';
const CONTROLLER = ',controller="hostidentity"';

export const hosts: Row = {
  title: 'Hosts',
  panels: [
    {
      title: 'Attachments and identities of resources, by Ready',
      about: 'HostIdentity: what azid does to one resource, for all objects that ask.',
      unit: 'short',
      queries: one(
        `count by (customresource_kind, ready) (azid_resource_info{${HOSTS}})`,
        '{{customresource_kind}} {{ready}}',
      ),
    },
    {
      title: 'Contested',
      about: 'Somebody keeps taking away what azid attaches.',
      unit: 'short',
      queries: one(
        `count by (customresource_kind) (azid_resource_condition_info{${HOSTS},type="Contested",status="True"}) or on () vector(0)`,
        '{{customresource_kind}}',
      ),
    },
    {
      title: 'Resources that azid knows, by type',
      about: 'Of the cache.',
      unit: 'short',
      queries: one(
        'max by (part) (sum by (part, instance) (azid_mirror_entries{job=~"$job",cache="hosts"}))',
        '{{part}}',
      ),
    },
    {
      title: 'Writes to resources',
      about: 'One PATCH carries all adds and removals of a resource.',
      unit: 'ops',
      queries: one(
        rateOf(
          'azure_successful_requests_total',
          'resource, requestType',
          // All that is neither an identity, a credential nor a grant: types that azid does not list can be named, too.
          ',requestType=~"PATCH|PUT",resource!~"microsoft.(managedidentity|authorization)/.*"',
        ),
        '{{requestType}} {{resource}}',
      ),
    },
    {
      title: 'Reconciles of resources, p99',
      about: 'A long operation of Azure holds no worker.',
      unit: 's',
      queries: one(
        quantile(0.99, 'controller_runtime_reconcile_time_seconds', 'controller', CONTROLLER),
        '{{controller}}',
      ),
    },
  ],
};
