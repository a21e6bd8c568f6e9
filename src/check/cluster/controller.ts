/** The Deployment of the controller, where it runs as one: its image, its replicas, as whom it signs in to Azure. */
import { configMaps } from '../../kube/builtin.ts';
import type { KubeObject, Resource } from '../../kube/types.ts';
import { type CheckDeps, readAll, readIfAny } from '../finding.ts';

export interface ObservedController {
  /** `namespace/name`. */
  readonly key: string;
  readonly image: string;
  readonly ready: number;
  readonly replicas: number;
  /** Flags and variables that are given to it, ConfigMaps included; flags win. */
  readonly settings: ControllerSettings;
}

/** What of the controller's settings a check goes by; absent: not given, or in a place that is not read. */
export interface ControllerSettings {
  readonly tenantId?: string;
  readonly clientId?: string;
  /** Its name, and no address: a user who may edit the Deployment must not choose where a caller's own token goes. */
  readonly cloud?: string;
  readonly clusterIssuer?: string;
}

interface Container {
  readonly image?: string;
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly configMapKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly spec: {
        readonly serviceAccountName?: string;
        readonly containers: readonly Container[];
      };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

const deployments: Resource<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

/** Found by its ServiceAccount, since a chart may name it otherwise; undefined: azid runs in another way. */
export async function readController(
  deps: Pick<CheckDeps, 'client' | 'signal' | 'namespace' | 'serviceAccount'>,
): Promise<ObservedController | undefined> {
  const all = await readAll(deployments, deps, deps.namespace);
  const found = deploymentOf(all, deps.serviceAccount);
  const maps = new Map<string, Data>();
  for (const name of found ? mapsNamed(found) : []) {
    const map = await readIfAny(configMaps, `${deps.namespace}/${name}`, deps);
    maps.set(name, map?.data ?? {});
  }
  return found && controllerOf(found, maps);
}

type Data = Readonly<Record<string, string>>;

function deploymentOf(all: readonly Deployment[], serviceAccount: string): Deployment | undefined {
  return all.find(({ spec }) => spec.template.spec.serviceAccountName === serviceAccount);
}

function mapsNamed({ spec }: Deployment): readonly string[] {
  const [container] = spec.template.spec.containers;
  return [
    ...(container?.envFrom ?? []).flatMap(({ configMapRef }) => configMapRef?.name ?? []),
    ...(container?.env ?? []).flatMap(({ valueFrom }) => valueFrom?.configMapKeyRef?.name ?? []),
  ];
}

/** Pure. @param maps data of the ConfigMaps that it names */
export function controllerOf(
  { metadata, spec, status }: Deployment,
  maps: ReadonlyMap<string, Data> = new Map(),
): ObservedController {
  const { namespace = '', name } = metadata;
  const [container = {}] = spec.template.spec.containers;
  return {
    key: `${namespace}/${name}`,
    image: container.image ?? '',
    ready: status?.readyReplicas ?? 0,
    replicas: spec.replicas ?? 1,
    settings: settingsOf(container, maps),
  };
}

const SETTINGS = [
  ['tenantId', '--tenant-id', 'AZURE_TENANT_ID'],
  ['clientId', '--client-id', 'AZURE_CLIENT_ID'],
  ['cloud', '--cloud', 'AZID_CLOUD'],
  ['clusterIssuer', '--cluster-issuer', 'AZID_CLUSTER_ISSUER'],
] as const;

function settingsOf(
  { args = [], env = [], envFrom = [] }: Container,
  maps: ReadonlyMap<string, Data>,
): ControllerSettings {
  const variables: Record<string, string> = {};
  for (const { configMapRef } of envFrom) Object.assign(variables, maps.get(configMapRef?.name ?? ''));
  for (const { name, value, valueFrom } of env) {
    const { name: map = '', key = '' } = valueFrom?.configMapKeyRef ?? {};
    const given = value ?? maps.get(map)?.[key];
    if (given) variables[name] = given;
  }
  const flag = (name: string) => {
    const at = args.indexOf(name);
    return at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
  };
  return Object.fromEntries(
    SETTINGS.flatMap(([setting, name, variable]) => {
      const value = flag(name) ?? variables[variable];
      // The base leaves them empty for an overlay to fill in.
      return value ? [[setting, value]] : [];
    }),
  );
}

export function replicasText({ key, ready, replicas }: ObservedController): string {
  return `Deployment ${key} has ${ready} of ${replicas} replicas ready`;
}

/** The tag of an image, where it has one: `1.2.3` of `registry:5000/azid:1.2.3@sha256:…`. Pure. */
export function tagOf(image: string): string | undefined {
  return /:(\w[\w.-]{0,127})$/.exec(image.split('@')[0] ?? '')?.[1];
}
