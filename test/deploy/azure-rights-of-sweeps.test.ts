import { describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { CLAIMED, DELETING, Orphans } from '../orphans/orphan-stage.ts';
import { RG1, useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { leaveOnly, READER, rightsTold, TOLD_BY_SWEEPS } from './rights-stage.ts';

/** The rights whose lack a sweep tells, each taken away: see azure-rights.test.ts for the others. */

const stage = useStage();
const orphans = new Orphans(stage);
const SWEEP = { ...DELETING, limits: { maxShare: 100 } } as const;
const rows = rightsTold(TOLD_BY_SWEEPS);

describe('without', () => {
  it.each(rows.filter(({ of, without }) => of === 'Resource Manager' && without?.on === 'OrphanSweep'))(
    '$right: the sweep, $without.reason',
    async ({ right, without }) => {
      await orphans.begin(1);
      // The simulator shows everybody their own rights.
      const message = `The client does not have authorization to perform action '${right}' over scope '/'.`;
      const effect = { kind: 'status', status: 403, code: 'AuthorizationFailed', message } as const;
      const path = '/providers/Microsoft.Authorization/permissions';
      stage.world.azure.control.addFault({ method: 'GET', path, effect });
      await orphans.sweep(SWEEP);
      const seen = await orphans.until(`the sweep to be ${without?.reason}`, (sweep) =>
        orphans.reasons(sweep).includes(without?.reason),
      );
      expect(conditionOf(seen, 'Ready')?.message).toContain(right);
    },
  );

  it.each(rows.filter(({ of, without }) => of === 'Resource Manager' && without?.on !== 'OrphanSweep'))(
    '$right: its candidate, $without.reason, which stays',
    async ({ right, without }) => {
      await orphans.begin(2);
      await orphans.orphan('lost');
      leaveOnly(stage.world, [right], { reader: true });
      await orphans.sweep(SWEEP);
      await orphans.run();
      await stage.world.pass(CLAIMED);
      const seen = await orphans.run();
      const candidate = orphans.candidate(seen, stage.id('lost'));
      expect(candidate).toMatchObject({ verdict: without?.reason });
      expect(candidate?.message).toContain(right === READER ? 'Reader' : right);
      expect(orphans.identities()).toContain('lost');
    },
  );

  it.each(rows.filter(({ of }) => of === 'Microsoft Graph'))(
    '$right: an assignment of whose principal only the directory knows, $without.reason',
    async ({ right, without }) => {
      const { control } = stage.world.azure;
      const { objectId } = control.createPrincipal({ displayName: 'ci' });
      const rule = { scopes: [RG1], roles: ['Reader'], principals: { ids: [objectId] } };
      await stage.policy(stage.namespace, { grants: [rule] });
      const operator = await orphans.begin(1, { directory: true });
      // What is older than the records of what was retained proves nothing.
      await stage.world.pass(11 * 60_000);
      await stage.cluster.apply({
        apiVersion: 'azid.dev/v1alpha1',
        kind: 'RoleGrant',
        metadata: { name: 'ci', namespace: stage.namespace },
        spec: { principal: { id: objectId, type: 'ServicePrincipal' }, role: { name: 'Reader' }, scope: RG1 },
      });
      const assignment = () => control.assignments({}).find(({ principalId }) => principalId === objectId);
      await stage.world.until('it to be granted', () => assignment() !== undefined);
      await stage.world.pass(60_000);
      await stage.world.stop(operator);
      await orphans.strip(roleGrant.resource as Resource<KubeObject>, `${stage.namespace}/ci`);
      await stage.world.start({ directory: true });
      await orphans.sweep(SWEEP);
      const candidate = orphans.candidate(await orphans.run(), assignment()?.id ?? '');
      expect(candidate).toMatchObject({ verdict: without?.reason });
      expect(candidate?.message).toContain(right);
    },
  );
});
