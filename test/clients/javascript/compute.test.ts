import { AT_ONCE, type Call, type Stage, sdkCalls } from './calls.ts';
import {
  at,
  has,
  holds,
  IDENTITY,
  idOf,
  NO_SUCH_IDENTITY,
  NO_SUCH_RESOURCE,
  some,
  user,
  withoutIdentity,
} from './host-calls.ts';

/** Compute's two: changed by PATCH, told of by an operation, whose new entries have no ids until it ends. */
const calls = (operations: string, name: string): readonly Call[] => {
  const on = ({ client }: Stage) => client('@azure/arm-compute', 'ComputeManagementClient')[operations];
  return [
    IDENTITY,
    {
      name: 'createOrUpdate',
      call: (s) => on(s).createOrUpdate('rg1', name, { ...at, identity: user(s) }, AT_ONCE),
      out: holds(),
    },
    {
      name: 'get',
      call: (s) => on(s).get('rg1', name),
      out: { name, provisioningState: 'Succeeded', etag: some },
    },
    { name: 'get of none', call: (s) => on(s).get('rg1', 'none'), refused: NO_SUCH_RESOURCE },
    { name: 'list', call: (s) => on(s).list('rg1'), out: [{ name }] },
    { name: 'listAll', call: (s) => on(s).listAll(), out: has({ name }) },
    {
      name: 'update adds the system-assigned identity',
      call: (s) => on(s).update('rg1', name, { identity: { type: 'SystemAssigned, UserAssigned' } }, AT_ONCE),
      out: (s: Stage) => ({
        identity: {
          type: 'SystemAssigned, UserAssigned',
          principalId: some,
          tenantId: s.simulator.tenantId,
          userAssignedIdentities: { [idOf(s, 'app')]: { principalId: some } },
        },
      }),
    },
    {
      name: 'update with an identity that does not exist is refused',
      call: (s) => on(s).update('rg1', name, { identity: user(s, 'none') }, AT_ONCE),
      refused: NO_SUCH_IDENTITY,
    },
    {
      name: 'update of tags leaves identities alone',
      call: (s) => on(s).update('rg1', name, { tags: { a: 'b' } }, AT_ONCE),
      out: { tags: { a: 'b' }, identity: { type: 'SystemAssigned, UserAssigned' } },
    },
    {
      name: 'a write decided from an older version is refused',
      call: (s) => on(s).update('rg1', name, { tags: {} }, { ...AT_ONCE, ifMatch: '"0"' }),
      refused: [412, 'PreconditionFailed'],
    },
    {
      name: 'update to None',
      call: (s) => on(s).update('rg1', name, { identity: { type: 'None' } }, AT_ONCE),
      out: withoutIdentity,
    },
    { name: 'delete', call: (s) => on(s).delete('rg1', name, AT_ONCE) },
    { name: 'get of what was deleted', call: (s) => on(s).get('rg1', name), refused: NO_SUCH_RESOURCE },
  ];
};

const PACKAGES = ['@azure/arm-compute', '@azure/arm-msi'];
sdkCalls('arm-compute, virtual machines', PACKAGES, calls('virtualMachines', 'vm1'));
sdkCalls('arm-compute, scale sets', PACKAGES, calls('virtualMachineScaleSets', 'ss1'));
