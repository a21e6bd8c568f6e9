import { describe, expect, it } from 'vitest';
import { KINDS } from '../../api/index.ts';
import { FINALIZER, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { deletionBlocked } from '../../reconcilers/status/blocked.fixture.ts';
import type { Found } from '../objects.ts';
import { type Plan, planOf, type UninstallMode } from './plan.ts';

const DELETE: UninstallMode = {
  policy: 'Delete',
  overrideRetain: false,
  forceRelease: false,
  giveUpEnds: false,
};
const RETAIN: UninstallMode = { ...DELETE, policy: 'Retain' };
const NOW = Date.parse('2026-11-29T12:00:00Z');
const ENDS = '2026-12-01T12:00:00Z';

function found(kindName: string, parts: object = {}, metadata: object = {}): Found {
  const kind = KINDS.find(({ resource }) => resource.kind === kindName);
  if (!kind) throw new Error(`expected ${kindName} to be a kind`);
  const object = {
    kind: kindName,
    metadata: {
      ...(kind.resource.namespaced && { namespace: 'team' }),
      name: 'read',
      uid: 'u1',
      resourceVersion: '1',
      finalizers: [FINALIZER],
      ...metadata,
    },
    spec: { deletionPolicy: 'Delete' },
    ...parts,
  };
  return { kind, object: object as unknown as Found['object'] };
}
const GOING = { deletionTimestamp: '2026-11-29T11:59:00Z' };
const BLOCKED = {
  status: {
    conditions: [{ ...deletionBlocked(0), message: 'a lock' }],
  },
};
const RETAINED = { spec: { deletionPolicy: 'Retain' } };
const expiry = (metadata: object = GOING) =>
  found(
    'AssignmentExpiry',
    { spec: { assignmentId: '/a', owners: [{ expiresAt: '2026-11-30T12:00:00Z' }, { expiresAt: ENDS }] } },
    metadata,
  );
const stepsOf = ({ steps }: Plan) =>
  steps.map((step) => ('to' in step ? `${step.type} ${step.to}` : step.type));

describe('what becomes of an object', () => {
  it.each<[string, Found, UninstallMode, 'working' | 'none' | 'unknown', readonly string[]]>([
    ['it is deleted', found('RoleGrant'), DELETE, 'working', ['delete']],
    ['as it says itself', found('RoleGrant', RETAINED), DELETE, 'working', ['delete']],
    [
      'unless that is overridden, before it is deleted',
      found('RoleGrant', RETAINED),
      { ...DELETE, overrideRetain: true },
      'working',
      ['setDeletionPolicy Delete', 'delete'],
    ],
    ['it is kept first', found('RoleGrant'), RETAIN, 'working', ['setDeletionPolicy Retain', 'delete']],
    ['it is kept already', found('RoleGrant', RETAINED), RETAIN, 'working', ['delete']],
    [
      'it is kept though a user deleted it meanwhile',
      found('RoleGrant', {}, GOING),
      RETAIN,
      'working',
      ['setDeletionPolicy Retain'],
    ],
    ['a policy has no deletionPolicy', found('IdentityPolicy', { spec: {} }), RETAIN, 'working', ['delete']],
    ['the controller is at it', found('RoleGrant', {}, GOING), DELETE, 'working', []],
    ['Azure refuses it', found('RoleGrant', BLOCKED, GOING), DELETE, 'working', []],
    [
      'Azure refuses it, and it is not to be waited for',
      found('RoleGrant', BLOCKED, GOING),
      { ...DELETE, forceRelease: true },
      'working',
      ['release'],
    ],
    [
      'nothing is refused, so nothing is let go',
      found('RoleGrant', {}, GOING),
      { ...DELETE, forceRelease: true },
      'working',
      [],
    ],
    [
      'it is let go already',
      found('RoleGrant', BLOCKED, { ...GOING, annotations: { [RELEASE_ANNOTATION]: 'true' } }),
      { ...DELETE, forceRelease: true },
      'working',
      [],
    ],
    [
      'no controller is seen by its Lease, and none is taken for none',
      found('RoleGrant', BLOCKED, GOING),
      DELETE,
      'unknown',
      [],
    ],
    ['no controller works', found('RoleGrant', {}, GOING), DELETE, 'none', []],
    [
      'no controller works, so only the finalizer goes',
      found('RoleGrant', {}, GOING),
      { ...DELETE, forceRelease: true },
      'none',
      ['takeFinalizer'],
    ],
    [
      'it is deleted first in any case',
      found('RoleGrant'),
      { ...DELETE, forceRelease: true },
      'none',
      ['delete'],
    ],
    [
      'the finalizers of others are not touched',
      found('RoleGrant', {}, { ...GOING, finalizers: ['example.org/hold'] }),
      { ...DELETE, forceRelease: true },
      'none',
      [],
    ],
    ['an end to come binds', expiry(), { ...RETAIN, forceRelease: true }, 'working', []],
    [
      'and is given up only when that is asked for',
      expiry(),
      { ...RETAIN, giveUpEnds: true },
      'working',
      ['release'],
    ],
    [
      'a resource that refuses holds its ledger',
      found(
        'HostIdentity',
        {
          spec: {},
          status: { conditions: [{ type: 'Stalled', status: 'True', reason: 'ScopeLocked', message: '' }] },
        },
        GOING,
      ),
      { ...DELETE, forceRelease: true },
      'working',
      ['release'],
    ],
  ])('%s', (_, object, mode, atWork, steps) => {
    expect(stepsOf(planOf(object, mode, atWork, NOW))).toEqual(steps);
  });

  it('waiting for an end to come is no use, once it is past it is', () => {
    expect(planOf(expiry(), RETAIN, 'working', NOW).held).toMatchObject({ until: ENDS });
    expect(planOf(expiry(), RETAIN, 'working', Date.parse(ENDS)).held).not.toHaveProperty('until');
  });

  it('what holds it is reported with the remedy', () => {
    const { held } = planOf(found('RoleGrant', BLOCKED, GOING), DELETE, 'working', NOW);
    expect(held).toEqual({
      why: 'ScopeLocked: a lock',
      remedy: 'mend it, or let go of it alone: azid release rolegrant team/read',
    });
    const foreign = found('RoleGrant', {}, { ...GOING, finalizers: ['example.org/hold'] });
    expect(planOf(foreign, DELETE, 'working', NOW).held?.why).toContain('example.org/hold');
    expect(planOf(found('RoleGrant', {}, GOING), DELETE, 'none', NOW).held?.remedy).toContain(
      '--force-release',
    );
  });
});
