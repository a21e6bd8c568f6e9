import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { HOST_CAPABILITIES } from '../../src/azure/hosts/capabilities.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import type { Fields, Log } from '../../src/runtime/log.ts';
import { EventStage } from '../support/kinds/events.ts';
import { HostStage, hostIdOf, RG1, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';
import { leaveOnly, rightsTold, TOLD_BY_SWEEPS } from './rights-stage.ts';

/** Takes each right of docs/reference/azure-rights.md away from azid, and finds the reason that the page names, with a message that names the right. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

const ISSUER = 'https://issuer.example.org/a';

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare({ federation: [{ issuers: [ISSUER], subjects: ['job:*'] }] });
  stage.createVm('vm1');
});

/** One of each kind; the identity `app` is there already. */
const SPECS: Readonly<Record<string, object>> = {
  UserAssignedIdentity: {},
  FederatedIdentityCredential: { identityRef: { name: 'app' }, issuer: ISSUER, subject: 'job:app' },
  RoleGrant: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: RG1 },
  IdentityAttachment: { identityRef: { name: 'app' }, target: { resourceId: vmId('vm1') } },
  SystemAssignedIdentity: { resourceId: vmId('vm1') },
};

const resourceOf = (kind: string): Resource => {
  const found = KINDS.find(({ resource }) => resource.kind === kind)?.resource;
  if (!found) throw new Error(`expected a kind of azid, got ${kind}`);
  return found;
};
const key = (name = 'app') => `${stage.namespace}/${name}`;
const get = (kind: string, name?: string) => () =>
  cluster.get(resourceOf(kind), key(name)) as ReturnType<HostStage['attachment']>;

function declare(kind: string, name = 'app', spec: object = SPECS[kind] ?? {}): Promise<KubeObject> {
  const metadata = { name, namespace: stage.namespace };
  return cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind, metadata, spec });
}

const told = rightsTold(Object.keys(SPECS));
const [stalls, blocks] = (['Stalled', 'DeletionBlocked'] as const).map((condition) =>
  told.filter(({ without }) => without?.condition === condition),
);
const ofHosts = HOST_CAPABILITIES.map(({ type }) => type);
const isOfHost = (right: string) =>
  ofHosts.some((type) => right === `${type}/read` || right === `${type}/write`);

describe('without', () => {
  it.each((stalls ?? []).filter(({ right }) => !isOfHost(right)))(
    '$right: $without.on, $without.reason',
    async (each) => {
      const { right, without: { on = '', reason = '' } = {} } = each;
      leaveOnly(world, [right]);
      await world.start();
      await declare(on);
      expect(await stage.stalled(get(on), reason)).toContain(right);
      world.giveRights();
      await stage.reach(get(on), `${on} to be Ready`, ready);
    },
  );

  it.each(blocks ?? [])('$right: the deletion of a $without.on, $without.reason', async (each) => {
    const { right, without: { on = '', reason = '' } = {} } = each;
    await world.start();
    await declare(on);
    await stage.reach(get(on), `${on} to be Ready`, ready);
    leaveOnly(world, [right]);
    await cluster.delete(resourceOf(on), key());
    expect(await stage.blocked(get(on), reason)).toContain(right);
    world.giveRights();
    await stage.gone(get(on), on);
  });
});

const ready = ({
  status,
}: {
  status?: { conditions?: readonly { type: string; status: string }[] | undefined };
}) => status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;

describe.each(['read', 'write'])('without %s on resources', (verb) => {
  const rows = (stalls ?? []).filter(({ right }) => isOfHost(right) && right.endsWith(`/${verb}`));

  it('an attachment to each type names the right on that type', async () => {
    expect(rows.map(({ right }) => right)).toEqual(ofHosts.map((type) => `${type}/${verb}`));
    const names = ofHosts.map((type) =>
      type.endsWith('/slots') ? 'site/staging' : `h${ofHosts.indexOf(type)}`,
    );
    stage.createHost('Microsoft.Web/sites', 'site');
    for (const [at, type] of ofHosts.entries()) stage.createHost(type, names[at] ?? '');
    leaveOnly(
      world,
      rows.map(({ right }) => right),
    );
    await world.start();
    for (const [at, type] of ofHosts.entries()) {
      const target = { resourceId: hostIdOf(type, names[at] ?? '') };
      const spec = { identityRef: { name: 'app' }, target, allowReplace: true };
      await declare('IdentityAttachment', `to-${at}`, spec);
    }
    for (const [at, { right, without }] of rows.entries())
      expect(await stage.stalled(get('IdentityAttachment', `to-${at}`), without?.reason ?? '')).toContain(
        right,
      );
  });
});

describe('what no object tells', () => {
  it.each(rightsTold(['log']).filter(({ of }) => of === 'Resource Manager'))(
    '$right: a line of the log',
    async ({ right, without }) => {
      leaveOnly(world, [right]);
      const lines = keptLog();
      await world.start({ activityLog: true, log: lines.log });
      await world.until('the line', () => lines.all.some(({ fields }) => fields.right === right));
      expect(lines.all.find(({ fields }) => fields.right === right)?.fields.reason).toBe(without?.reason);
    },
  );

  it.each(rightsTold(['log']).filter(({ of }) => of === 'Microsoft Graph'))(
    '$right: a line of the log',
    async ({ right, without }) => {
      const lines = keptLog();
      await world.start({ signIns: true, log: lines.log });
      const about = ({ fields }: Line) => String(fields.remedy).includes(right);
      await world.until('the line', () => lines.all.some(about));
      expect(lines.all.find(about)?.fields.reason).toBe(without?.reason);
    },
  );
});

it.each(rightsTold(['EventSource']))(
  'without $right: an EventSource, $without.reason',
  async ({ without }) => {
    const events = new EventStage(cluster, world);
    world.azure.control.createQueue({ namespace: 'events', name: 'closed' });
    await world.start(await events.operator());
    await events.declare('main', { serviceBus: { namespace: events.namespace, queue: 'closed' } });
    const { message } = await events.reason('main', without?.condition ?? '', without?.reason ?? '');
    expect(message).toContain('Azure Service Bus Data Receiver');
  },
);

it('no right of the table is left out here and in azure-rights-of-sweeps.test.ts', () => {
  const here = [...Object.keys(SPECS), 'log', 'EventSource'];
  const left = rightsTold('all').filter(
    ({ without }) => ![...here, ...TOLD_BY_SWEEPS].includes(without?.on ?? ''),
  );
  expect(left).toEqual([]);
});

interface Line {
  readonly fields: Fields;
  readonly message: string;
}

function keptLog(): { readonly log: Log; readonly all: Line[] } {
  const all: Line[] = [];
  const keep = (fields: Fields, message: string) => void all.push({ fields, message });
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  return { log, all };
}
