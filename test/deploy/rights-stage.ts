import { AZURE_RIGHTS } from '../../src/operator/azure/azure-rights.ts';
import type { AzureRight } from '../../src/operator/azure/right.ts';
import { SUB } from '../support/kinds/hosts.ts';
import type { World } from '../support/testbed.ts';

/** The built-in role Reader, which no role of deploy/azure has in it. */
export const READER = '*/read';

export const TOLD_BY_SWEEPS = ['OrphanSweep', 'candidate of an OrphanSweep'];

/** The rights whose lack is told on one of these. */
export function rightsTold(on: readonly string[] | 'all'): readonly AzureRight[] {
  return AZURE_RIGHTS.filter(
    ({ without }) => without !== undefined && (on === 'all' || on.includes(without.on)),
  );
}

/** All rights of the table in Resource Manager but these; Reader is in none of the roles, and comes with `reader`. */
export function leaveOnly(world: World, without: readonly string[], { reader = false } = {}): void {
  const all = AZURE_RIGHTS.filter(({ of }) => of === 'Resource Manager').map(({ right }) => right);
  const actions = [...new Set(all)].filter(
    (right) => !without.includes(right) && (right !== READER || reader),
  );
  const role = world.azure.control.defineRole({ roleName: `all but ${without.join(', ')}`, actions });
  world.moveRights(SUB, role.id);
}
