import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  page,
  pageSizeOf,
} from '../http/operation.ts';
import type { OperationResults } from '../resources/operation-results.ts';
import type { Send } from './calls.ts';
import {
  bodyOf,
  type Deployment,
  givenBy,
  hashOf,
  operationBody,
  settingsOf,
  shownParameters,
  TYPE,
} from './deployment.ts';
import type { Deployments } from './deployments.ts';
import { evaluateSoFar } from './expressions/evaluate.ts';
import { changesOf } from './what-if.ts';

/** Where deployments are, with what their operations are called there. */
const LEVELS = [
  {
    base: '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}',
    // Without `providers`, as Azure has it.
    operations:
      '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/deployments/{name}/operations',
    suffix: '',
  },
  {
    base: '/subscriptions/{subscriptionId}',
    operations: `/subscriptions/{subscriptionId}/providers/${TYPE}/{name}/operations`,
    suffix: 'AtSubscriptionScope',
  },
] as const;
type Level = (typeof LEVELS)[number];

interface Parts {
  readonly frame: Frame;
  readonly deployments: Deployments;
  readonly results: OperationResults;
  readonly send: Send;
}

/** Deployments of templates to a group or a subscription, over ARM. */
export const deploymentOperations = (parts: Parts): readonly Operation[] =>
  LEVELS.flatMap((level) => operationsAt(level, parts));

function operationsAt({ base, operations, suffix }: Level, parts: Parts): readonly Operation[] {
  const { frame, deployments, results } = parts;
  const list = `${base}/providers/${TYPE}`;
  const one = `${list}/{name}`;
  const common = { resourceType: TYPE, apiVersions: versionsOf(TYPE) };
  const read = { ...common, method: 'GET', action: `${TYPE}/read` } as const;
  const found = (id: string): Deployment => {
    const deployment = deployments.find(id);
    if (deployment) return deployment;
    throw new ArmError(404, 'DeploymentNotFound', `Deployment '${id.split('/').at(-1)}' could not be found.`);
  };
  const paged = <T>(request: ArmRequest, items: readonly T[], shape: (item: T) => unknown): ArmResponse => ({
    status: 200,
    body: page(request, items, pageSizeOf(request, frame.knobs.values.paging.pageSize), shape),
  });
  return [
    {
      ...common,
      id: `deployments.createOrUpdate${suffix}`,
      method: 'PUT',
      pattern: one,
      action: `${TYPE}/write`,
      relaxedJson: true,
      handle(request) {
        const { deployment, existed } = deployments.start(request, givenBy(request));
        const status = `${request.origin}${request.path}/operationStatuses/${deployment.correlationId}?api-version=${request.apiVersion}`;
        return {
          status: existed ? 200 : 201,
          headers: { 'azure-asyncoperation': status },
          body: bodyOf(deployment),
        };
      },
    },
    {
      ...common,
      id: `deployments.validate${suffix}`,
      method: 'POST',
      pattern: `${one}/validate`,
      action: `${TYPE}/validate/action`,
      relaxedJson: true,
      handle: (request) => validated(parts, request),
    },
    {
      ...common,
      id: `deployments.whatIf${suffix}`,
      method: 'POST',
      pattern: `${one}/whatIf`,
      action: `${TYPE}/whatIf/action`,
      relaxedJson: true,
      handle: (request) => whatIf(parts, request),
    },
    {
      ...common,
      id: `deployments.exportTemplate${suffix}`,
      method: 'POST',
      pattern: `${one}/exportTemplate`,
      action: `${TYPE}/exportTemplate/action`,
      handle: ({ path }) => ({ status: 200, body: { template: found(parent(path, 1)).template } }),
    },
    {
      ...common,
      id: `deployments.delete${suffix}`,
      method: 'DELETE',
      pattern: one,
      action: `${TYPE}/delete`,
      // What it made stays.
      handle(request, { subscriptionId = '' }) {
        if (!deployments.find(request.path)) return { status: 204 };
        const end = () => deployments.delete(request.path);
        const location = results.start('deployments.delete.operation', request, subscriptionId, end);
        return { status: 202, headers: { location } };
      },
    },
    {
      ...common,
      id: `deployments.checkExistence${suffix}`,
      method: 'HEAD',
      pattern: one,
      action: `${TYPE}/read`,
      handle: ({ path }) => ({ status: found(path) && 204 }),
    },
    {
      ...read,
      id: `deployments.get${suffix}`,
      pattern: one,
      handle: ({ path }) => ({ status: 200, body: bodyOf(found(path)) }),
    },
    {
      ...read,
      id: `deployments.list${suffix}`,
      pattern: list,
      handle: (request) => paged(request, deployments.at(parent(request.path, 3)), bodyOf),
    },
    {
      ...common,
      id: `deployments.operationStatus${suffix}`,
      method: 'GET',
      pattern: `${one}/operationStatuses/{operation}`,
      action: `${TYPE}/operationstatuses/read`,
      handle({ path }) {
        const { state, error } = found(parent(path, 2));
        return { status: 200, body: { status: state, ...(error && { error }) } };
      },
    },
    {
      ...common,
      id: `deploymentOperations.list${suffix}`,
      method: 'GET',
      pattern: operations,
      action: `${TYPE}/operations/read`,
      handle(request) {
        const id = parent(request.path, 1);
        const deployment = found(
          id.replace(/(?<!\/providers\/[^/]+)\/deployments\/([^/]+)$/i, `/providers/${TYPE}/$1`),
        );
        return paged(request, deployment.operations, (each) => operationBody(deployment, each));
      },
    },
  ];
}

/** Nothing is read or made; what only a resource's own PUT refuses is not found here. */
function validated({ frame, deployments }: Parts, request: ArmRequest): ArmResponse {
  const given = givenBy(request);
  const { plan } = deployments.plan({ ...request, path: parent(request.path, 1) }, given);
  const id = parent(request.path, 1);
  const properties = {
    templateHash: hashOf(given.template),
    parameters: shownParameters(given.template, given.parameters),
    mode: given.mode,
    provisioningState: 'Succeeded',
    timestamp: new Date(frame.clock.now()).toISOString(),
    duration: 'PT0S',
    correlationId: frame.random.uuid(),
    providers: [],
    dependencies: [],
    validatedResources: plan.map((each) => ({ id: each.id })),
  };
  return { status: 200, body: { id, name: id.split('/').at(-1), type: TYPE, properties } };
}

async function whatIf({ frame, deployments, send }: Parts, request: ArmRequest): Promise<ArmResponse> {
  const { whatIfSettings } = settingsOf(request);
  const path = parent(request.path, 1);
  const given = givenBy(request);
  const { plan, scope } = deployments.plan({ ...request, path }, given);
  const changes = await changesOf(plan, {
    idsOnly: whatIfSettings?.resultFormat?.toLowerCase() === 'resourceidonly',
    work: evaluateSoFar,
    leaving: deployments.superfluous(given, scope),
    // At the level of a subscription only what the template names is reported.
    there: scope.group ? frame.world.resourcesWithin(scope.group.id).map(({ id }) => id) : [],
    async read(id, apiVersion) {
      const { status, body } = await send(request, 'GET', `${id}?api-version=${apiVersion}`);
      return status === 200 ? (body as Record<string, unknown>) : undefined;
    },
  });
  return {
    status: 200,
    body: { status: 'Succeeded', properties: { correlationId: frame.random.uuid(), changes } },
  };
}

/** The id without its last segments. */
const parent = (path: string, segments: number) => path.split('/').slice(0, -segments).join('/');
