import { readFile } from 'node:fs/promises';
import type { OrphanRecord } from '../../src/api/orphan-record.ts';
import { orphanRecord } from '../../src/api/orphan-record.ts';
import {
  type ListedCandidate,
  type OrphanSweep,
  type OrphanSweepSpec,
  orphanSweep,
} from '../../src/api/orphan-sweep.ts';
import { RECONCILE_ANNOTATION } from '../../src/api/schema/common.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { RETAINED_CONFIG_MAP } from '../../src/reconcilers/own-config-maps.ts';
import { RG1, type Stage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const SWEEP = 'all';
const INSTALLATION = 'azid-system/azid-installation';
/** Two renewals of the claim, and a run after them. */
export const CLAIMED = 2.6 * HOUR;
/** As short as they may be: a day of the fake clock is hundreds of lists. */
export const QUICK = {
  interval: '10m',
  gracePeriods: { identities: '20m', assignments: '20m', credentials: '20m' },
} as const;

export const DELETING = { ...QUICK, mode: 'Delete' } as const;

/** What the tests of sweeps do besides what all do. */
export class Orphans {
  readonly #stage: Stage;
  #requests = 0;
  readonly #roles = new WeakMap<object, string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** azid at work, with the rights of a sweep, and as many identities as are not to be touched. */
  async begin(living: number, overrides: Parameters<Stage['world']['start']>[0] = {}): Promise<Operator> {
    await this.allow();
    await this.unclaimed();
    const operator = await this.#stage.world.start(overrides);
    const names = Array.from({ length: living }, (_, at) => `lives-${at}`);
    for (const name of names) await this.#stage.declare(name);
    for (const name of names) await this.#stage.ready(name);
    return operator;
  }

  /** The API server remembers what tests before this one had in an Azure that is gone. */
  async unclaimed(): Promise<void> {
    const data = { claimCounter: null, claimStart: null, claimContested: null };
    if (await this.#cluster.get(configMaps, INSTALLATION))
      await this.#cluster.patch(configMaps, INSTALLATION, { data });
    for (const { metadata } of await this.#cluster.list(configMaps))
      if (metadata.namespace === 'azid-system' && metadata.name.startsWith(RETAINED_CONFIG_MAP))
        await this.#cluster.delete(configMaps, `azid-system/${metadata.name}`);
  }

  /** The role of deploy/azure for sweeps, and Reader beside it; or those given, and no more. */
  async allow(roles: readonly string[] = ['azid orphans', 'Reader']): Promise<void> {
    const { world } = this.#stage;
    const { control } = world.azure;
    if (this.#roles.has(world)) {
      world.moveRights();
      world.giveRights();
    }
    const file = new URL('../../deploy/azure/azid-orphans-role.json', import.meta.url);
    const role = JSON.parse(await readFile(file, 'utf8'));
    this.#roles.set(
      world,
      this.#roles.get(world) ?? control.defineRole({ roleName: role.Name, actions: role.Actions }).id,
    );
    for (const each of roles)
      world.giveRights(`/subscriptions/${SUBSCRIPTION}`, each === role.Name ? this.#roles.get(world) : each);
  }

  get #cluster() {
    return this.#stage.cluster;
  }

  sweep(spec: Partial<OrphanSweepSpec> = {}, name = SWEEP): Promise<OrphanSweep> {
    return this.#cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'OrphanSweep',
      metadata: { name },
      spec: { scopes: [RG1], ...spec },
    });
  }

  /** What had no credential's object is on record: from here on what lacks one has lost it. */
  async credentialsOnRecord(): Promise<void> {
    await this.#stage.world.until('the credentials to be on record', async () => {
      const maps = await this.#cluster.list(configMaps);
      return maps.some(({ data = {} }) =>
        Object.values(data).some((text) => text.startsWith('credentials ')),
      );
    });
  }

  get(name = SWEEP): Promise<OrphanSweep | undefined> {
    return this.#cluster.get(orphanSweep.resource, name);
  }

  annotate(annotations: Readonly<Record<string, string>>, name = SWEEP): Promise<OrphanSweep> {
    return this.#cluster.patch(orphanSweep.resource, name, { metadata: { annotations } });
  }

  /** Asks for a run and waits until one that began since is over. */
  async run(name = SWEEP): Promise<OrphanSweep> {
    const before = (await this.get(name))?.status?.history?.[0]?.startedAt;
    await this.#stage.world.pass(1_000);
    await this.annotate({ [RECONCILE_ANNOTATION]: `now-${++this.#requests}` }, name);
    return this.until(
      `${name} to have run`,
      ({ status }) => {
        return (
          status?.run === undefined &&
          status?.history?.[0] !== undefined &&
          status.history[0].startedAt !== before
        );
      },
      name,
    );
  }

  async until(what: string, holds: (sweep: OrphanSweep) => boolean, name = SWEEP): Promise<OrphanSweep> {
    let seen: OrphanSweep | undefined;
    try {
      await this.#stage.world.until(what, async () => {
        seen = await this.get(name);
        return seen !== undefined && holds(seen);
      });
    } catch (error) {
      throw new Error(
        `${(error as Error).message}; last seen: ${JSON.stringify(seen?.status, undefined, 1)}`,
        {
          cause: error,
        },
      );
    }
    if (!seen) throw new Error(`${name} is gone`);
    return seen;
  }

  /** Ready reason of the sweep, and of what stops it. */
  reasons(sweep: OrphanSweep): readonly (string | undefined)[] {
    return ['Ready', 'Stopped'].map((type) => conditionOf(sweep, type)?.reason);
  }

  candidate(sweep: OrphanSweep, id: string): ListedCandidate | undefined {
    return sweep.status?.candidates?.find((each) => each.id.toLowerCase() === id.toLowerCase());
  }

  /** Somebody takes the finalizers off, and the object goes: what it has in Azure stays. */
  async strip(resource: Resource<KubeObject>, key: string): Promise<void> {
    const cut = () =>
      this.#cluster.patch(resource, key, { metadata: { finalizers: [] } }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    await cut();
    await this.#cluster.delete(resource, key);
    // azid may have put it on again meanwhile.
    await this.#stage.world.until(`${key} to be gone`, async () => {
      const left = await this.#cluster.get(resource, key);
      if (left?.metadata.finalizers?.length) await cut();
      return left === undefined;
    });
  }

  /** An identity in Azure whose object somebody removed by force. */
  async orphan(...names: string[]): Promise<void> {
    // azid may have been quicker, and deleted it as it should.
    for (let missing: readonly string[] = names; missing.length > 0; ) {
      for (const name of missing) await this.#stage.declare(name);
      for (const name of missing) await this.#stage.ready(name);
      for (const name of missing)
        await this.strip(
          userAssignedIdentity.resource as Resource<KubeObject>,
          `${this.#stage.namespace}/${name}`,
        );
      await this.#stage.world.pass(1_000);
      missing = names.filter((name) => !this.identities().includes(name));
    }
  }

  records(): Promise<readonly OrphanRecord[]> {
    return this.#cluster.list(orphanRecord.resource);
  }

  /** Azure as of its own truth: names of the identities in rg1. */
  identities(): string[] {
    return this.#stage.world.azure.control
      .identities({})
      .filter(({ id }) => id.toLowerCase().startsWith(RG1.toLowerCase()))
      .map(({ id }) => id.split('/').at(-1) ?? '')
      .sort();
  }
}
