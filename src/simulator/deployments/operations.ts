import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest, type ArmResponse, type Operation } from '../http/operation.ts';
import { page, pageSizeOf } from '../http/paging.ts';
import type { OperationResults } from '../resources/operation-results.ts';
import {
  bodyOf,
  type Deployment,
  hashOf,
  type Mode,
  operationBody,
  shownParameters,
  TYPE,
} from './deployment.ts';
import type { Deployments, Given, Send } from './deployments.ts';
import { evaluateSoFar } from './expression.ts';
import { readTemplate } from './template.ts';
import { changesOf } from './what-if.ts';

const GROUP = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}';
const LIST = `${GROUP}/providers/${TYPE}`;
const ONE = `${LIST}/{name}`;
/** Of the operations of a deployment: without `providers`, as Azure has it. */
const OPERATIONS = `${GROUP}/deployments/{name}/operations`;

interface Parts {
  readonly frame: Frame;
  readonly deployments: Deployments;
  readonly results: OperationResults;
  readonly send: Send;
}

/** Deployments of templates to a group, over ARM. */
export function deploymentOperations(parts: Parts): readonly Operation[] {
  const { frame, deployments, results } = parts;
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
      id: 'deployments.createOrUpdate',
      method: 'PUT',
      pattern: ONE,
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
      id: 'deployments.validate',
      method: 'POST',
      pattern: `${ONE}/validate`,
      action: `${TYPE}/validate/action`,
      relaxedJson: true,
      handle: (request) => validated(parts, request),
    },
    {
      ...common,
      id: 'deployments.whatIf',
      method: 'POST',
      pattern: `${ONE}/whatIf`,
      action: `${TYPE}/whatIf/action`,
      relaxedJson: true,
      handle: (request) => whatIf(parts, request),
    },
    {
      ...common,
      id: 'deployments.exportTemplate',
      method: 'POST',
      pattern: `${ONE}/exportTemplate`,
      action: `${TYPE}/exportTemplate/action`,
      handle: ({ path }) => ({ status: 200, body: { template: found(parent(path, 1)).template } }),
    },
    {
      ...common,
      id: 'deployments.delete',
      method: 'DELETE',
      pattern: ONE,
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
      id: 'deployments.checkExistence',
      method: 'HEAD',
      pattern: ONE,
      action: `${TYPE}/read`,
      handle: ({ path }) => ({ status: found(path) && 204 }),
    },
    {
      ...read,
      id: 'deployments.get',
      pattern: ONE,
      handle: ({ path }) => ({ status: 200, body: bodyOf(found(path)) }),
    },
    {
      ...read,
      id: 'deployments.list',
      pattern: LIST,
      handle: (request) => paged(request, deployments.within(parent(request.path, 3)), bodyOf),
    },
    {
      ...common,
      id: 'deployments.operationStatus',
      method: 'GET',
      pattern: `${ONE}/operationStatuses/{operation}`,
      action: `${TYPE}/operationstatuses/read`,
      handle({ path }) {
        const { state, error } = found(parent(path, 2));
        return { status: 200, body: { status: state, ...(error && { error }) } };
      },
    },
    {
      ...common,
      id: 'deploymentOperations.list',
      method: 'GET',
      pattern: OPERATIONS,
      action: `${TYPE}/operations/read`,
      handle(request) {
        const deployment = found(
          parent(request.path, 1).replace(/\/deployments\/([^/]+)$/i, `/providers/${TYPE}/$1`),
        );
        return paged(request, deployment.operations, (each) => operationBody(deployment, each));
      },
    },
  ];
}

const bodySchema = z.object({
  properties: z.looseObject({
    mode: z.string().default('Incremental'),
    template: z.unknown(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    whatIfSettings: z.object({ resultFormat: z.string().nullish() }).nullish(),
  }),
});

function bodyIn({ body }: ArmRequest) {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success)
    throw new ArmError(
      400,
      'InvalidRequestContent',
      'The request content was invalid and could not be deserialized.',
    );
  const { properties } = parsed.data;
  return { ...properties, mode: modeOf(properties.mode) };
}

function modeOf(word: string): Mode {
  switch (word.toLowerCase()) {
    case 'incremental':
      return 'Incremental';
    case 'complete':
      return 'Complete';
    default:
      throw new ArmError(
        400,
        'InvalidDeploymentMode',
        `The deployment mode '${word}' is not valid. Supported values are 'Incremental' and 'Complete'.`,
      );
  }
}

function givenBy(request: ArmRequest): Given {
  const { mode, template, parameters } = bodyIn(request);
  return { mode, template: readTemplate(template), parameters: parameters ?? {} };
}

/** Nothing is read or made; what only a resource's own PUT can tell is not found here. */
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
  const { whatIfSettings } = bodyIn(request);
  const path = parent(request.path, 1);
  const given = givenBy(request);
  const { plan, scope } = deployments.plan({ ...request, path }, given);
  const changes = await changesOf(plan, {
    idsOnly: whatIfSettings?.resultFormat?.toLowerCase() === 'resourceidonly',
    work: (value) => evaluateSoFar(value, scope),
    leaving: deployments.superfluous(given, scope),
    there: frame.world.resourcesWithin(scope.group.id).map(({ id }) => id),
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
