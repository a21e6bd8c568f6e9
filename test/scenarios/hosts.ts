import {
  apply,
  armId,
  attachment,
  attachmentRef,
  azure,
  expectThat,
  grant,
  identity,
  nextResync,
  remove,
  type Scenario,
  type State,
  systemIdentity,
  systemIdentityRef,
  tenant,
  vmId,
} from '../support/crash/scenario.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** Resources and what is attached to them, through every recycling. */

const SUB = `/subscriptions/${SUBSCRIPTION}`;
const rule = { types: ['*'], scopes: [SUB], selectors: true };
const team = tenant({
  attachments: [rule],
  systemAssigned: [{ types: ['*'], scopes: [SUB] }],
  grants: [{ roles: ['Reader'], scopes: [SUB] }],
});
const vm = (name: string) =>
  azure('createHost', {
    name,
    resourceGroup: 'rg1',
    tags: { app: 'shop' },
    identity: { type: 'SystemAssigned' },
  });
const web = apply(identity('web'));
const fleet = apply(
  attachment('fleet', {
    target: {
      selector: {
        subscriptionId: SUBSCRIPTION,
        type: 'Microsoft.Compute/virtualMachines',
        tags: { app: 'shop' },
      },
    },
    rollout: { maxConcurrent: 2 },
  }),
);
const everywhere = (state: State) => ['vm1', 'vm2', 'vm3'].every((name) => state.on(name) === 'web');
const nowhere = (state: State) => ['vm1', 'vm2', 'vm3'].every((name) => state.on(name) === '');
const attachedToAll = expectThat(
  'all three to have it',
  (state) => everywhere(state) && state.attached('fleet'),
);

/** A fleet from the first to the last. */
export const attaching: readonly Scenario[] = [
  {
    name: 'attach to 3 VMs, recycle one, detach all',
    given: [team, web, vm('vm1'), vm('vm2'), vm('vm3')],
    steps: [
      fleet,
      attachedToAll,
      azure('recycleHost', { id: vmId('vm2') }),
      nextResync,
      attachedToAll,
      remove(attachmentRef('fleet')),
      expectThat(
        'none to have it',
        (state) => nowhere(state) && !state.attachment('fleet') && state.ledgers.length === 0,
      ),
    ],
  },
];

/** Identities and resources that are made again. */
export const recycling: readonly Scenario[] = [
  {
    name: 'an attached identity is recycled',
    given: [
      team,
      web,
      vm('vm1'),
      apply(attachment('vm1')),
      expectThat('it to be attached', (state) => state.attached('vm1')),
    ],
    steps: [
      azure('deleteIdentity', { id: armId('web') }),
      nextResync,
      expectThat(
        'the new one to be attached',
        (state) => state.inSync('web') && state.on('vm1') === 'web' && state.attached('vm1'),
      ),
    ],
  },
  {
    name: 'a VM with its own identity and a grant is recycled',
    outlives: {
      at: /roleAssignments/,
      because:
        'a PUT of a dead process that lands after the last owner went makes the assignment again: Azure has no precondition; it carries the mark, and no owner, so it is the orphan sweep’s',
    },
    given: [
      team,
      azure('createHost', { name: 'vm1', resourceGroup: 'rg1' }),
      apply(systemIdentity('vm1', { deletionPolicy: 'Delete' })),
      apply(grant('read', { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'vm1' } } })),
      expectThat('it to be granted', (state) => state.granted('read')),
    ],
    steps: [
      azure('recycleHost', { id: vmId('vm1') }),
      nextResync,
      expectThat('the new principal alone to be granted', (state) => {
        const principal = state.hosts.find(({ name }) => name === 'vm1')?.system;
        return (
          state.granted('read') &&
          state.systemIdentity('vm1')?.status?.principalId === principal &&
          state.assignments.map(({ principalId }) => principalId).join() === principal
        );
      }),
      remove({ kind: 'RoleGrant', key: '$ns/read' }),
      remove(systemIdentityRef('vm1')),
      expectThat(
        'it to be off',
        (state) => !state.systemIdentity('vm1') && state.hosts.every(({ system }) => system === ''),
      ),
    ],
  },
];
