import { describe, expect, it } from 'vitest';
import { CLAIMED, DELETING, Orphans } from '../orphans/orphan-stage.ts';
import { useStage } from '../support/stage.ts';
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
});
