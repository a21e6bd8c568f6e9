import { one, type Row } from '../panel.ts';

export const objects: Row = {
  title: 'Are objects in sync',
  panels: [
    {
      title: 'Objects by Ready',
      about: 'From kube-state-metrics. Empty: azid has not seen the object yet.',
      unit: 'short',
      as: 'number',
      queries: one('count by (ready) (azid_resource_info)', '{{ready}}'),
    },
    {
      title: 'Not Ready, by kind',
      about: 'Suspended ones left out.',
      unit: 'short',
      queries: one(
        'count by (customresource_kind) (azid_resource_info{ready!="True",suspended!="true"})',
        '{{customresource_kind}}',
      ),
    },
    {
      title: 'Stalled until someone acts, by reason',
      about: 'docs/conditions.md says what each reason means and what to do.',
      unit: 'short',
      queries: one(
        'count by (customresource_kind, reason) (azid_resource_condition_info{type="Stalled",status="True"})',
        '{{customresource_kind}} {{reason}}',
      ),
    },
    {
      title: 'Suspended',
      about: 'spec.suspend: azid writes nothing to Azure for them.',
      unit: 'short',
      queries: one(
        'count by (customresource_kind) (azid_resource_info{suspended="true"})',
        '{{customresource_kind}}',
      ),
    },
    {
      title: 'Objects that are not Ready',
      about: 'Each with its reason; kubectl describe shows the message.',
      unit: 'short',
      as: 'table',
      queries: one('azid_resource_info{ready!="True"} == 1', ''),
    },
    {
      title: 'Being deleted, oldest',
      about: 'Since the deletion was asked for.',
      unit: 's',
      queries: one(
        'time() - min by (customresource_kind) (azid_resource_deletion_timestamp_seconds)',
        '{{customresource_kind}}',
      ),
    },
  ],
};
