import { createHash } from 'node:crypto';
import type { Template } from './template.ts';

export const TYPE = 'Microsoft.Resources/deployments';

interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly unknown[];
}

/** One resource of a deployment, done or failed. */
export interface DeploymentOperation {
  readonly id: string;
  readonly does: 'Create' | 'Delete';
  readonly target: { readonly id: string; readonly resourceType: string; readonly resourceName: string };
  readonly status: number;
  readonly error?: unknown;
  readonly at: number;
}

/** `Complete`: what the template does not name is deleted from the group. */
export type Mode = 'Incremental' | 'Complete';

export interface Deployment {
  readonly id: string;
  readonly name: string;
  readonly state: 'Running' | 'Succeeded' | 'Failed';
  readonly mode: Mode;
  /** Of one at the level of a subscription. */
  readonly location?: string;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly operations: readonly DeploymentOperation[];
  readonly error?: ErrorBody;
  readonly startedAt: number;
  readonly changedAt: number;
  readonly correlationId: string;
}

export function failed(details: unknown): ErrorBody {
  return {
    code: 'DeploymentFailed',
    message:
      'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
    details: [details],
  };
}

/** As GET answers it. The hash is stable; Azure's own is another one. */
export function bodyOf(deployment: Deployment) {
  const { id, name, state, mode, location, template, parameters, outputs, operations, error } = deployment;
  const written = operations.filter(({ does, status }) => does === 'Create' && status < 400);
  return {
    id,
    name,
    type: TYPE,
    ...(location !== undefined && { location }),
    properties: {
      templateHash: hashOf(template),
      parameters: shownParameters(template, parameters),
      mode,
      provisioningState: state,
      timestamp: new Date(deployment.changedAt).toISOString(),
      duration: durationOf(deployment.changedAt - deployment.startedAt),
      correlationId: deployment.correlationId,
      providers: [],
      dependencies: [],
      ...(state === 'Succeeded' && { outputs }),
      outputResources: written.map(({ target }) => ({ id: target.id })),
      ...(error && { error }),
    },
  };
}

export function operationBody({ id, correlationId }: Deployment, operation: DeploymentOperation) {
  const { does, target, status, error, at } = operation;
  return {
    id: `${id}/operations/${operation.id}`,
    operationId: operation.id,
    properties: {
      provisioningOperation: does,
      provisioningState: status < 400 ? 'Succeeded' : 'Failed',
      timestamp: new Date(at).toISOString(),
      duration: durationOf(0),
      trackingId: operation.id,
      serviceRequestId: correlationId,
      statusCode: STATUS[status] ?? String(status),
      ...(error !== undefined && { statusMessage: { status: 'Failed', error } }),
      targetResource: target,
    },
  };
}

const STATUS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
};

export const hashOf = (template: unknown) =>
  createHash('sha256').update(JSON.stringify(template)).digest().readBigUInt64BE().toString();

/** With the type each has in the template, and without the values of secure ones. */
export function shownParameters(
  { parameters = {} }: Template,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const shown = Object.entries(parameters).map(([name, { type, defaultValue }]) => {
    const kind = typeNameOf(String(type ?? ''));
    if (kind.startsWith('Secure')) return [name, { type: kind }] as const;
    const sent = (given[name] as { value?: unknown } | undefined)?.value;
    return [name, { type: kind, value: sent ?? defaultValue }] as const;
  });
  return Object.fromEntries(shown);
}

/** `secureString` is shown as `SecureString`. */
const typeNameOf = (type: string) => `${type.charAt(0).toUpperCase()}${type.slice(1)}`;

/** ISO 8601: `PT1.5S`. */
const durationOf = (ms: number) => `PT${ms / 1000}S`;
