import type { Frame } from '../frame.ts';
import { ArmError, type ArmRequest } from '../http/operation.ts';
import type { PolicyAssignments } from '../policies/assignments.ts';
import { isWithin, scopeKey } from '../world/scope.ts';
import { Calls, errorOf, type Send } from './calls.ts';
import { type Deployment, type DeploymentOperation, failed, type Given } from './deployment.ts';
import { evaluate, evaluateSoFar } from './expressions/evaluate.ts';
import { type ExpressionScope, Unread } from './expressions/scope.ts';
import { aliasesOf, bodyAs, namedIds, type Planned, planOf } from './plan.ts';
import { assertMayWrite, assertParameters, assertPoliciesAllow } from './preflight.ts';
import { outputsOf, scopeOf } from './template.ts';

interface DeploymentsFrame extends Frame {
  readonly policyAssignments: PolicyAssignments;
}

/**
 * Deployments of templates to a subscription or a group, one resource after the other in the order they depend on each other: each a
 * PUT as the caller, so that rules, locks and the Activity Log are those of any write.
 */
export class Deployments {
  readonly #deployments = new Map<string, Deployment>();
  readonly #ended = new Map<string, Promise<'Succeeded' | 'Failed'>>();
  readonly #frame: DeploymentsFrame;
  readonly #send: Send;

  constructor(frame: DeploymentsFrame, send: Send) {
    this.#frame = frame;
    this.#send = send;
    frame.world.onScopeRemoved((scope) => {
      for (const [key, { id }] of this.#deployments) if (isWithin(id, scope)) this.#deployments.delete(key);
    });
  }

  find(id: string): Deployment | undefined {
    return this.#deployments.get(scopeKey(id));
  }

  /** Of a group or a subscription itself: those of its groups are theirs. */
  at(base: string): Deployment[] {
    const start = `${scopeKey(base)}/providers/`;
    return [...this.#deployments.values()].filter(
      ({ id }) => scopeKey(id).startsWith(start) && id.split('/').length === start.split('/').length + 2,
    );
  }

  delete(id: string): void {
    this.#deployments.delete(scopeKey(id));
  }

  /** What is going to be written, and the scope of its expressions. Refuses what Azure finds before it makes anything. */
  plan(
    request: ArmRequest,
    given: Given,
    made: ReadonlyMap<string, unknown> = new Map(),
  ): { readonly plan: readonly Planned[]; readonly scope: ExpressionScope } {
    assertParameters(given.template, given.parameters);
    const scope = this.#scope(request, given, made);
    for (const name of Object.keys(given.template.parameters ?? {})) scope.parameter(name);
    const plan = planOf(given.template, scope);
    assertMayWrite(this.#frame, request.caller, plan);
    const known = plan.map((planned) => ({
      planned,
      body: bodyAs(planned, evaluateSoFar),
    }));
    assertPoliciesAllow(this.#frame.policyAssignments, known);
    return { plan, scope };
  }

  /** Starts it; `existed`: whether one of its name was there. */
  start(request: ArmRequest, given: Given): { readonly deployment: Deployment; readonly existed: boolean } {
    const made = new Map<string, unknown>();
    const { plan, scope } = this.plan(request, given, made);
    const existing = this.find(request.path);
    assertLocationStays(existing, given);
    if (existing?.state === 'Running')
      throw new ArmError(
        409,
        'DeploymentActive',
        `Unable to edit or replace deployment '${existing.name}': previous deployment from '${new Date(existing.startedAt).toISOString()}' is still active. Please see https://aka.ms/arm-deploy for usage details.`,
      );
    const { clock, random } = this.#frame;
    const deployment: Deployment = {
      id: request.path,
      name: request.path.split('/').at(-1) ?? '',
      state: 'Running',
      ...given,
      outputs: {},
      operations: [],
      startedAt: clock.now(),
      changedAt: clock.now(),
      correlationId: request.headers['x-ms-correlation-request-id'] ?? random.uuid(),
    };
    this.#keep(deployment);
    const ended = this.#run(request, plan, scope, made, deployment).then(() =>
      this.find(request.path)?.state === 'Succeeded' ? 'Succeeded' : 'Failed',
    );
    this.#ended.set(scopeKey(request.path), ended);
    return { deployment, existed: existing !== undefined };
  }

  /** How the latest of that id ends; undefined when there never was one. */
  ended(id: string): Promise<'Succeeded' | 'Failed'> | undefined {
    return this.#ended.get(scopeKey(id));
  }

  /** What a deployment takes out of its group at its end. */
  superfluous({ mode, template }: Given, scope: ExpressionScope): string[] {
    if (mode === 'Incremental' || !scope.group) return [];
    const named = new Set(namedIds(template, scope).map(scopeKey));
    const there = this.#frame.world.resourcesWithin(scope.group.id).map(({ id }) => id);
    // A child goes with its parent, and stays with it.
    return there.filter(
      (id) => !named.has(scopeKey(id)) && !there.some((other) => other !== id && isWithin(id, other)),
    );
  }

  async #run(
    request: ArmRequest,
    plan: readonly Planned[],
    scope: ExpressionScope,
    made: Map<string, unknown>,
    deployment: Deployment,
  ): Promise<void> {
    const operations: DeploymentOperation[] = [];
    const calls = new Calls(this.#frame, this.#send, request, made);
    const finish = (end: Partial<Deployment>) =>
      this.#keep({ ...deployment, operations, changedAt: this.#frame.clock.now(), ...end });
    try {
      for (const planned of plan) {
        const body = await calls.worked(() => bodyAs(planned, evaluate));
        const came = await calls.write(planned, body);
        operations.push(this.#operationOf(planned, came));
        if (came.status >= 400) {
          finish({ state: 'Failed', error: failed(errorOf(came.body)) });
          return;
        }
        for (const id of [planned.id, ...aliasesOf(planned.type, planned.id)])
          made.set(scopeKey(id), came.body);
        made.set(planned.name, came.body);
        if (planned.symbol !== undefined) made.set(planned.symbol, came.body);
      }
      for (const id of this.superfluous(deployment, scope)) {
        const came = await calls.delete(id);
        const { type = '', name = '' } = this.#frame.world.resource(id) ?? {};
        operations.push({ ...this.#operationOf({ id, type, name }, came), does: 'Delete' });
        if (came.status >= 400) {
          finish({ state: 'Failed', error: failed(errorOf(came.body)) });
          return;
        }
      }
      const outputs = await calls.worked(() => outputsOf(deployment.template, scope));
      finish({ state: 'Succeeded', outputs });
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      finish({ state: 'Failed', error: failed({ code: error.code, message: error.message }) });
    }
  }

  #operationOf(
    { id, type, name }: Pick<Planned, 'id' | 'type' | 'name'>,
    { status, body }: { readonly status: number; readonly body: unknown },
  ): DeploymentOperation {
    return {
      id: this.#frame.random.uuid().replaceAll('-', '').slice(0, 16).toUpperCase(),
      does: 'Create',
      target: { id, resourceType: type, resourceName: name },
      status,
      ...(status >= 400 && { error: errorOf(body) }),
      at: this.#frame.clock.now(),
    };
  }

  #scope(request: ArmRequest, given: Given, made: ReadonlyMap<string, unknown>): ExpressionScope {
    const [, , subscriptionId = '', groups = '', groupName = ''] = request.path.split('/');
    const { world, identities } = this.#frame;
    const isOfGroup = groups.toLowerCase() === 'resourcegroups';
    const group = isOfGroup ? world.resourceGroup(subscriptionId, groupName) : undefined;
    if (isOfGroup && !group)
      throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${groupName}' could not be found.`);
    const tenantId = world.subscription(subscriptionId)?.tenantId ?? world.tenantId;
    const name = request.path.split('/').at(-1) ?? '';
    return scopeOf(given.template, given.parameters, {
      subscriptionId,
      tenantId,
      ...(group && { group }),
      deployment: { name, ...(given.location !== undefined && { location: given.location }) },
      reference(target, full, apiVersion) {
        const identity = identities.get(target);
        const body =
          made.get(target) ?? made.get(scopeKey(target)) ?? (identity && { properties: { ...identity } });
        if (!body) throw new Unread(target, apiVersion);
        return full ? body : (body as { properties?: unknown }).properties;
      },
    });
  }

  #keep(deployment: Deployment): void {
    this.#deployments.set(scopeKey(deployment.id), deployment);
  }
}

/** Of a subscription's deployment (the text is known from public reports). */
function assertLocationStays(existing: Deployment | undefined, { location }: Given): void {
  if (existing?.location === undefined || existing.location === location) return;
  throw new ArmError(
    409,
    'InvalidDeploymentLocation',
    `Invalid deployment location '${location}'. The deployment '${existing.name}' already exists in location '${existing.location}'.`,
  );
}
