import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ArmError, type ArmRequest, invalidContent } from '../http/operation.ts';
import { assertLocation, shortLocation } from '../resources/locations.ts';
import { readTemplate, type Template } from './template.ts';

export const TYPE = 'Microsoft.Resources/deployments';

/** `Complete`: what the template does not name is deleted from the group. */
type Mode = 'Incremental' | 'Complete';

export interface Given {
  readonly mode: Mode;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** At the level of a subscription: where the deployment itself is kept. */
  readonly location?: string;
}

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

/** One resource of a deployment, done or failed. */
export interface DeploymentOperation {
  readonly id: string;
  readonly does: 'Create' | 'Delete';
  readonly target: { readonly id: string; readonly resourceType: string; readonly resourceName: string };
  readonly status: number;
  readonly error?: unknown;
  readonly at: number;
}

interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly unknown[];
}

export function failed(details: unknown): ErrorBody {
  return {
    code: 'DeploymentFailed',
    message:
      'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
    details: [details],
  };
}

export function settingsOf({ body, path }: ArmRequest) {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw invalidContent();
  const { properties, location } = parsed.data;
  const mode = modeOf(properties.mode);
  if (/\/resourcegroups\//i.test(path)) return { ...properties, mode };
  const name = new RegExp(`/${TYPE}/([^/]+)`, 'i').exec(path)?.[1];
  // The text is known from public reports.
  if (!location)
    throw new ArmError(
      400,
      'InvalidDeployment',
      `The 'location' property must be specified for '${name}'. Please see https://aka.ms/deploy-to-subscription for usage details.`,
    );
  assertLocation(location);
  if (mode === 'Complete')
    throw new ArmError(
      400,
      'InvalidDeploymentMode',
      `The deployment '${name}' does not support the mode 'Complete': it is only supported at the level of a resource group.`,
    );
  return { ...properties, mode, location: shortLocation(location) };
}

const bodySchema = z.object({
  location: z.string().nullish(),
  properties: z.looseObject({
    mode: z.string().default('Incremental'),
    template: z.unknown(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    whatIfSettings: z.object({ resultFormat: z.string().nullish() }).nullish(),
  }),
});

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

/** What a request asks to be deployed. */
export function givenBy(request: ArmRequest): Given {
  const { mode, template, parameters, ...given } = settingsOf(request);
  const { location } = given as { location?: string };
  return {
    mode,
    template: readTemplate(template),
    parameters: parameters ?? {},
    ...(location !== undefined && { location }),
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
