import { z } from 'zod';
import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest, type ArmResponse, type Operation } from '../http/operation.ts';
import { scopeKey } from '../scope.ts';
import { type ExpressionScope, evaluate } from './expression.ts';
import { readTemplate, resourcesOf, scopeOf, type Template, type TemplateResource } from './template.ts';

const TYPE = 'Microsoft.Resources/deployments';
const ONE = `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${TYPE}/{name}`;

/** A call as whoever deploys, with all the rules; the parsed body of its answer. */
export type Send = (
  request: ArmRequest,
  method: 'GET' | 'PUT',
  target: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly body: unknown }>;

interface Deployment {
  readonly id: string;
  readonly name: string;
  readonly state: 'Running' | 'Succeeded' | 'Failed';
  readonly parameters: unknown;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resourceIds: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly details: readonly unknown[] };
  readonly startedAt: number;
  readonly correlationId: string;
}

const bodySchema = z.object({
  properties: z.looseObject({
    mode: z.string().default('Incremental'),
    template: z.unknown(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/**
 * Deployments of templates to a group, one resource after the other in the order they depend on each other: each a PUT as the
 * caller, so that rights, rules and the Activity Log are those of any write.
 */
export class Deployments {
  readonly #deployments = new Map<string, Deployment>();
  readonly #frame: Frame;
  readonly #send: Send;
  readonly operations: readonly Operation[];

  constructor(frame: Frame, send: Send) {
    this.#frame = frame;
    this.#send = send;
    const common = { resourceType: TYPE, apiVersions: versionsOf(TYPE) };
    this.operations = [
      {
        ...common,
        id: 'deployments.createOrUpdate',
        method: 'PUT',
        pattern: ONE,
        action: `${TYPE}/write`,
        handle: (request) => this.#put(request),
      },
      {
        ...common,
        id: 'deployments.validate',
        method: 'POST',
        pattern: `${ONE}/validate`,
        action: `${TYPE}/validate/action`,
        handle: (request) => this.#validate(request),
      },
      {
        ...common,
        id: 'deployments.get',
        method: 'GET',
        pattern: ONE,
        action: `${TYPE}/read`,
        handle: (request) => ({ status: 200, body: bodyOf(this.#find(request.path)) }),
      },
      {
        ...common,
        id: 'deployments.list',
        method: 'GET',
        pattern: ONE.replace('/{name}', ''),
        action: `${TYPE}/read`,
        handle: ({ path }) => ({
          status: 200,
          body: {
            value: [...this.#deployments.values()]
              .filter(({ id }) => scopeKey(id).startsWith(`${scopeKey(path)}/`))
              .map(bodyOf),
          },
        }),
      },
      {
        ...common,
        id: 'deployments.operationStatus',
        method: 'GET',
        pattern: `${ONE}/operationStatuses/{operation}`,
        action: `${TYPE}/operationstatuses/read`,
        handle: ({ path }) => {
          const { state, error } = this.#find(path.split('/').slice(0, -2).join('/'));
          return { status: 200, body: { status: state, ...(error && { error }) } };
        },
      },
    ];
  }

  /** Nothing is read or made; what only a resource's own PUT can tell is not found here. */
  #validate(request: ArmRequest): ArmResponse {
    const { template, parameters, mode } = read(request);
    const path = request.path.replace(/\/validate$/i, '');
    const scope = this.#scope(request, template, parameters, new Map());
    const resources = resourcesOf(template).map((each) => ({ id: idOf(each, scope) }));
    const properties = { mode, provisioningState: 'Succeeded', validatedResources: resources, parameters };
    return { status: 200, body: { id: path, name: path.split('/').at(-1), type: TYPE, properties } };
  }

  #put(request: ArmRequest): ArmResponse {
    const { template, parameters } = read(request);
    const existed = this.#deployments.has(scopeKey(request.path));
    const deployment: Deployment = {
      id: request.path,
      name: request.path.split('/').at(-1) ?? '',
      state: 'Running',
      parameters,
      outputs: {},
      resourceIds: [],
      startedAt: this.#frame.clock.now(),
      correlationId: this.#frame.random.uuid(),
    };
    this.#deployments.set(scopeKey(request.path), deployment);
    void this.#run(request, template, parameters, deployment);
    const operation = `${request.origin}${request.path}/operationStatuses/${deployment.correlationId}?api-version=${request.apiVersion}`;
    return {
      status: existed ? 200 : 201,
      headers: { 'azure-asyncoperation': operation },
      body: bodyOf(deployment),
    };
  }

  async #run(
    request: ArmRequest,
    template: Template,
    parameters: Readonly<Record<string, unknown>>,
    deployment: Deployment,
  ): Promise<void> {
    const made = new Map<string, unknown>();
    const scope = this.#scope(request, template, parameters, made);
    const finish = (end: Partial<Deployment>) =>
      this.#deployments.set(scopeKey(deployment.id), { ...deployment, resourceIds: idsOf(made), ...end });
    try {
      for (const resource of inOrder(resourcesOf(template), scope)) {
        const { type: _t, name: _n, apiVersion, dependsOn: _d, scope: _s, symbol, ...body } = resource;
        const id = idOf(resource, scope);
        const sent = await this.#send(
          request,
          'PUT',
          `${id}?api-version=${apiVersion}`,
          evaluate(body, scope),
        );
        if (sent.status >= 400) {
          finish({ state: 'Failed', error: failed(sent.body) });
          return;
        }
        made.set(scopeKey(id), sent.body);
        if (symbol !== undefined) made.set(symbol, sent.body);
        made.set(String(evaluate(resource.name, scope)), sent.body);
      }
      const outputs = Object.entries(template.outputs ?? {}).map(
        ([name, { type, value }]) => [name, { type, value: evaluate(value, scope) }] as const,
      );
      finish({ state: 'Succeeded', outputs: Object.fromEntries(outputs) });
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      finish({ state: 'Failed', error: failed({ error: { code: error.code, message: error.message } }) });
    }
  }

  #scope(
    request: ArmRequest,
    template: Template,
    parameters: Readonly<Record<string, unknown>>,
    made: ReadonlyMap<string, unknown>,
  ): ExpressionScope {
    const [, , subscriptionId = '', , groupName = ''] = request.path.split('/');
    const { world, identities } = this.#frame;
    const group = world.resourceGroup(subscriptionId, groupName);
    if (!group)
      throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${groupName}' could not be found.`);
    const tenantId = world.subscription(subscriptionId)?.tenantId ?? world.tenantId;
    return scopeOf(template, parameters, {
      subscriptionId,
      tenantId,
      group,
      reference(target, full) {
        const identity = identities.get(target);
        const there = identity && { properties: { ...identity } };
        const body = made.get(target) ?? made.get(scopeKey(target)) ?? there;
        if (!body)
          throw new ArmError(
            404,
            'ResourceNotFound',
            `The resource '${target}' that the template refers to was not found.`,
          );
        return full ? body : (body as { properties?: unknown }).properties;
      },
    });
  }

  #find(id: string): Deployment {
    const found = this.#deployments.get(scopeKey(id));
    if (found) return found;
    throw new ArmError(404, 'DeploymentNotFound', `Deployment '${id.split('/').at(-1)}' could not be found.`);
  }
}

function read(request: ArmRequest) {
  const parsed = bodySchema.safeParse(request.body);
  if (!parsed.success)
    throw new ArmError(
      400,
      'InvalidRequestContent',
      'The request content was invalid and could not be deserialized.',
    );
  const { mode, template, parameters } = parsed.data.properties;
  return { mode, template: readTemplate(template), parameters: parameters ?? {} };
}

/** Beneath the group, or at the resource that `scope` names: role assignments. */
function idOf({ type, name, scope: at }: TemplateResource, scope: ExpressionScope): string {
  const names = String(evaluate(name, scope)).split('/');
  const [namespace = '', ...types] = type.split('/');
  const base = at === undefined ? scope.group.id : String(evaluate(at, scope));
  const under = base.startsWith('/') ? base : `${scope.group.id}/providers/${base}`;
  return `${under}/providers/${namespace}/${types.map((each, i) => `${each}/${names[i] ?? ''}`).join('/')}`;
}

/** Each after what it depends on, by id, name or symbol; else as written. */
function inOrder(resources: readonly TemplateResource[], scope: ExpressionScope): TemplateResource[] {
  const left = resources.map((resource) => ({ resource, names: namesOf(resource, scope) }));
  const ordered: TemplateResource[] = [];
  while (left.length > 0) {
    const ready = left.findIndex(({ resource }) =>
      (resource.dependsOn ?? []).every(
        (each) => !left.some(({ names }) => names.has(scopeKey(String(evaluate(each, scope))))),
      ),
    );
    if (ready < 0)
      throw new ArmError(
        400,
        'InvalidTemplate',
        'Deployment template validation failed: circular dependency detected.',
      );
    ordered.push(...left.splice(ready, 1).map(({ resource }) => resource));
  }
  return ordered;
}

function namesOf(resource: TemplateResource, scope: ExpressionScope): Set<string> {
  const names = [idOf(resource, scope), String(evaluate(resource.name, scope)), resource.symbol ?? ''];
  return new Set(names.filter((name) => name !== '').map(scopeKey));
}

const idsOf = (made: ReadonlyMap<string, unknown>) =>
  [...new Set([...made.values()].map((body) => (body as { id?: string }).id ?? ''))].filter(
    (id) => id !== '',
  );

const failed = (body: unknown) => ({
  code: 'DeploymentFailed',
  message:
    'At least one resource deployment operation failed. Please list deployment operations for details.',
  details: [(body as { error?: unknown }).error],
});

const bodyOf = (deployment: Deployment) => ({
  id: deployment.id,
  name: deployment.name,
  type: TYPE,
  properties: {
    mode: 'Incremental',
    provisioningState: deployment.state,
    timestamp: new Date(deployment.startedAt).toISOString(),
    correlationId: deployment.correlationId,
    parameters: deployment.parameters,
    outputs: deployment.outputs,
    outputResources: deployment.resourceIds.map((id) => ({ id })),
    ...(deployment.error && { error: deployment.error }),
  },
});
