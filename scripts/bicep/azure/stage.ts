import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import { HOST_CAPABILITIES } from '../../../src/azure/hosts/capabilities.ts';
import { AZURE_RIGHTS } from '../../../src/operator/azure/azure-rights.ts';
import { type Answer, type HostStage, startHostStage } from '../../../src/simulator/hosts/stage.fixture.ts';
import {
  type Deployed,
  type DeployedAs,
  deployAzure,
  GIVEN,
  type Given,
} from '../../../test/deploy/azure-template.ts';

/** deploy/azure/bicep, deployed to a simulated subscription in which there is nothing. */

export const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
export const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
export const BLOB_READER = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1';
export const RECEIVER = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0';
export const SENDER = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39';
export const BLOB_CONTRIBUTOR = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe';
export const TYPES = HOST_CAPABILITIES.map(({ type }) => type);
export const ALL: Given = {
  ...GIVEN,
  hostTypes: TYPES,
  grantableRoles: [READER, BLOB_READER],
  orphans: true,
};

/** Rights in Resource Manager that the table has, each once. */
export const MANAGED = [
  ...new Set(AZURE_RIGHTS.filter(({ of }) => of === 'Resource Manager').map(({ right }) => right)),
];

/** Of the types that are asked for here. */
const VERSIONS: Readonly<Record<string, string>> = {
  'Microsoft.Authorization': '2022-04-01',
  'Microsoft.EventGrid': '2022-06-15',
  'Microsoft.ServiceBus': '2024-01-01',
  'Microsoft.Storage': '2023-05-01',
};

export interface Definition {
  readonly name: string;
  readonly properties: {
    readonly roleName: string;
    readonly type: string;
    readonly assignableScopes: readonly string[];
    readonly permissions: readonly { readonly actions: readonly string[] }[];
  };
}

export interface Assignment {
  readonly properties: {
    readonly scope: string;
    readonly roleDefinitionId: string;
    readonly principalId: string;
    readonly condition: string | null;
  };
}

export interface Delivery {
  readonly name: string;
  readonly properties: {
    readonly eventDeliverySchema: string;
    readonly filter: { readonly includedEventTypes: readonly string[] };
    readonly deliveryWithResourceIdentity: {
      readonly destination: { readonly properties: { readonly resourceId: string } };
    };
    readonly deadLetterWithResourceIdentity: {
      readonly deadLetterDestination: { readonly properties: object };
    };
  };
}

export const actionsOf = ({ properties }: Definition) =>
  properties.permissions.flatMap(({ actions }) => actions);

export const roleOfHost = (type: string) =>
  `azid hosts ${type.replace('Microsoft.', '').replaceAll('/', ' ')}`;

export const readAzure = (name: string) =>
  readFile(new URL(`../../../deploy/azure/${name}`, import.meta.url), 'utf8');

export class AzureStage {
  readonly #stage: HostStage;

  private constructor(stage: HostStage) {
    this.#stage = stage;
  }

  static async start(): Promise<AzureStage> {
    const stage = await startHostStage();
    stage.control.deleteResourceGroup({ name: 'rg1' });
    return new AzureStage(stage);
  }

  get simulator(): HostStage['simulator'] {
    return this.#stage.simulator;
  }

  get control(): HostStage['control'] {
    return this.#stage.control;
  }

  get now(): number {
    return this.#stage.clock.now();
  }

  get subscription(): string {
    return `/subscriptions/${this.simulator.subscriptionId}`;
  }

  /** Where the template puts what is azid's own. */
  get own(): string {
    return `${this.subscription}/resourceGroups/azid-system/providers`;
  }

  deploy(given: Given = ALL, as?: DeployedAs): Promise<Deployed> {
    return deployAzure(this.simulator, given, (done) => this.#pass(done), as);
  }

  /** For azid, in another subscription. */
  deployIn(subscriptionId: string, given: Given): Promise<Deployed> {
    const { control } = this;
    return deployAzure({ control, subscriptionId }, given, (done) => this.#pass(done), {
      file: 'subscription',
    });
  }

  async succeeded(given?: Given, as?: DeployedAs): Promise<Deployed['outputs']> {
    const deployed = await this.deploy(given, as);
    expect(deployed).toMatchObject({ state: 'Succeeded' });
    return deployed.outputs;
  }

  /** Event subscriptions of a system topic. */
  async deliveriesOf(topic: string): Promise<readonly Delivery[]> {
    return (await this.get(`${topic}/eventSubscriptions`)).value;
  }

  /** As someone else with all rights, unless the options say otherwise. */
  call(method: string, path: string, options: Parameters<HostStage['call']>[2] = {}): Promise<Answer> {
    const namespace = /.*\/providers\/([^/]+)/.exec(path)?.[1] ?? '';
    const version = VERSIONS[namespace];
    return this.#stage.call(method, path, { ...(version !== undefined && { version }), ...options });
  }

  async get(path: string): Promise<Answer['body']> {
    return (await this.call('GET', path)).body;
  }

  async list<T>(what: 'roleDefinitions' | 'roleAssignments'): Promise<readonly T[]> {
    return (await this.get(`${this.subscription}/providers/Microsoft.Authorization/${what}`)).value;
  }

  async customRoles(): Promise<readonly Definition[]> {
    const all = await this.list<Definition>('roleDefinitions');
    return all.filter(({ properties }) => properties.type === 'CustomRole');
  }

  async assignmentsOf(principalId: string): Promise<readonly Assignment['properties'][]> {
    const all = await this.list<Assignment>('roleAssignments');
    return all.map(({ properties }) => properties).filter((each) => each.principalId === principalId);
  }

  /** `role @ scope` of a principal, beneath the subscription. */
  async heldBy(principalId: string): Promise<string[]> {
    const definitions = await this.list<Definition>('roleDefinitions');
    const names = new Map(definitions.map(({ name, properties }) => [name, properties.roleName]));
    return (await this.assignmentsOf(principalId))
      .map(({ roleDefinitionId, scope }) => {
        const name = names.get(roleDefinitionId.split('/').at(-1) ?? '');
        return `${name} @ ${scope.replace(this.subscription, '')}`;
      })
      .sort();
  }

  async #pass(done: () => Promise<boolean>): Promise<void> {
    while (!(await done())) {
      this.#stage.clock.advance(1_000);
      await new Promise(setImmediate);
    }
  }

  async stop(): Promise<void> {
    await this.#stage[Symbol.asyncDispose]();
  }
}

/** Registers the hooks of a file; each test has a subscription of its own. */
export function useAzure(): () => AzureStage {
  let stage: AzureStage | undefined;
  beforeEach(async () => {
    stage = await AzureStage.start();
  });
  afterEach(() => stage?.stop());
  return () => {
    if (!stage) throw new Error('expected to be called within a test');
    return stage;
  };
}
