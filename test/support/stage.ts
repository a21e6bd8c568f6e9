import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { IdentityPolicySpec } from '../../src/api/identity-policy.ts';
import {
  type UserAssignedIdentity,
  type UserAssignedIdentitySpec,
  userAssignedIdentity,
} from '../../src/api/user-assigned-identity.ts';
import { type ConfigMap, configMaps, type Event, events } from '../../src/kube/builtin.ts';
import type { LoggedRequest } from '../../src/simulator/http/request-log.ts';
import { conditionOf, expectConforming, type Situation } from './status/conformance.ts';
import { Cluster, type ClusterOptions, SUBSCRIPTION, World, type WorldOptions } from './testbed.ts';
import { changesAzure } from './trail.ts';

/**
 * What most system tests stand on: one API server per file; per test a namespace of its own, whose policy allows
 * group rg1 and gives the defaults, and an Azure of its own. Waiting for a state also checks how it reads to kstatus.
 */

export const RG1 = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`;
export const RG2 = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg2`;

export interface StageOptions extends WorldOptions {
  readonly cluster?: ClusterOptions;
}

/** Registers the hooks; call once at the top of a file. The stage may be used inside tests only. */
export function useStage({ cluster: plane, ...worldOptions }: StageOptions = {}): Stage {
  const stage = new Stage();
  beforeAll(async () => {
    stage.cluster = await Cluster.start(plane);
  });
  afterAll(() => stage.cluster?.stop());
  beforeEach(async () => {
    stage.world = await World.create(stage.cluster, worldOptions);
    await stage.enter(`team-${++stage.tests}`);
  });
  afterEach(async () => {
    await stage.world?.dispose();
    await stage.cluster?.clean();
  });
  return stage;
}

export class Stage {
  cluster!: Cluster;
  world!: World;
  /** Of the present test. */
  namespace = '';
  tests = 0;

  /** A namespace with a policy that allows rg1. */
  async enter(namespace: string, policy: Partial<IdentityPolicySpec> = {}): Promise<void> {
    this.namespace = namespace;
    await this.makeNamespace(namespace);
    await this.policy(namespace, policy);
  }

  async makeNamespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }

  /** Fields given replace those of the ordinary policy: rg1 allowed, coordinates given by default. */
  async policy(name: string, spec: Partial<IdentityPolicySpec> = {}): Promise<void> {
    await this.cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityPolicy',
      metadata: { name },
      spec: {
        namespaces: { names: [this.namespace] },
        identities: { scopes: [RG1] },
        defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
        ...spec,
      },
    });
  }

  /** Applies an identity; the whole spec each time, as a Git repository would. */
  declare(name: string, spec: UserAssignedIdentitySpec = {}, namespace = this.namespace) {
    return this.cluster.apply<UserAssignedIdentity>({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'UserAssignedIdentity',
      metadata: { name, namespace },
      spec,
    });
  }

  get(name: string): Promise<UserAssignedIdentity | undefined> {
    return this.cluster.get(userAssignedIdentity.resource, this.#key(name));
  }

  annotate(name: string, annotations: Readonly<Record<string, string>>): Promise<UserAssignedIdentity> {
    return this.cluster.patch(userAssignedIdentity.resource, this.#key(name), { metadata: { annotations } });
  }

  delete(name: string): Promise<void> {
    return this.cluster.delete(userAssignedIdentity.resource, this.#key(name));
  }

  /** Waits until `holds`, then checks the object against the table of docs/conditions.md. */
  async reach(
    name: string,
    situation: Situation,
    what: string,
    holds: (object: UserAssignedIdentity) => boolean,
  ): Promise<UserAssignedIdentity> {
    let seen: UserAssignedIdentity | undefined;
    await this.#until(
      `${name} to be ${what}`,
      async () => {
        seen = await this.get(name);
        return seen !== undefined && holds(seen);
      },
      () => JSON.stringify(seen?.status ?? 'no object', undefined, 1),
    );
    if (!seen) throw new Error(`${name} is gone`);
    expectConforming(seen, situation);
    return seen;
  }

  /** Ready, for the spec as it now is. */
  ready(
    name: string,
    holds: (object: UserAssignedIdentity) => boolean = () => true,
  ): Promise<UserAssignedIdentity> {
    return this.reach(
      name,
      'done',
      'Ready',
      (object) =>
        object.status?.observedGeneration === object.metadata.generation &&
        conditionOf(object, 'Ready')?.status === 'True' &&
        holds(object),
    );
  }

  /** Stalled with this reason, for the spec as it now is. Returns the message. */
  async stalled(name: string, reason: string): Promise<string> {
    const object = await this.reach(
      name,
      'stalled',
      `stalled, ${reason}`,
      (each) =>
        each.status?.observedGeneration === each.metadata.generation &&
        conditionOf(each, 'Stalled')?.reason === reason,
    );
    return conditionOf(object, 'Ready')?.message ?? '';
  }

  /** Suspended, with `InSync` or `ChangesPending`. */
  async suspended(name: string, reason: 'InSync' | 'ChangesPending'): Promise<UserAssignedIdentity> {
    let seen: UserAssignedIdentity | undefined;
    await this.world.until(`${name} to be suspended, ${reason}`, async () => {
      seen = await this.get(name);
      return seen !== undefined && conditionOf(seen, 'Suspended')?.reason === reason;
    });
    if (!seen) throw new Error(`${name} is gone`);
    return seen;
  }

  async gone(name: string): Promise<void> {
    await this.#until(
      `${name} to be gone`,
      async () => (await this.get(name)) === undefined,
      async () => JSON.stringify((await this.get(name))?.status, undefined, 1),
    );
  }

  async #until(
    what: string,
    condition: () => Promise<boolean>,
    detail: () => string | Promise<string>,
  ): Promise<void> {
    try {
      await this.world.until(what, condition);
    } catch (error) {
      throw new Error(`${(error as Error).message}; last seen: ${await detail()}`, { cause: error });
    }
  }

  /** The ARM id, as azid spells it. */
  id(name: string, scope = RG1): string {
    return `${scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  }

  /** The identity as Azure has it, lags aside. */
  inAzure(name: string, scope = RG1) {
    const id = this.id(name, scope).toLowerCase();
    return this.world.azure.control.identities({}).find((each) => each.id.toLowerCase() === id);
  }

  /** azid's requests after the first `since` of the log. */
  requests(since = 0): LoggedRequest[] {
    return this.world.azure.requests(since).filter(({ caller }) => caller === 'controller');
  }

  /** azid's writes, as `PUT web`: method and last part of the path. */
  writes(since = 0): string[] {
    return this.requests(since)
      .filter(changesAzure)
      .map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').at(-1)}`);
  }

  /** How long Azure's request log is now: for `since`. */
  get mark(): number {
    return this.world.azure.requests().length;
  }

  configMap(name: string): Promise<ConfigMap | undefined> {
    return this.cluster.get(configMaps, this.#key(name));
  }

  /** Waits for an Event of this reason about an object of the test; returns its note. */
  async event(name: string, reason: string): Promise<string> {
    let found: Event | undefined;
    await this.world.until(`an Event ${reason} about ${name}`, async () => {
      found = (await this.events(name)).find((each) => each.reason === reason);
      return found !== undefined;
    });
    return found?.note ?? '';
  }

  async events(name: string): Promise<readonly Event[]> {
    const all = await this.cluster.list(events);
    return all.filter(({ regarding }) => regarding?.name === name && regarding.namespace === this.namespace);
  }

  /** `expect` on the writes after `since`, once nothing is under way any more. */
  async settled(ms = 1_000): Promise<void> {
    await this.world.pass(ms);
  }

  #key(name: string): string {
    return name.includes('/') ? name : `${this.namespace}/${name}`;
  }
}
