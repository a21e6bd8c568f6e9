import { z } from 'zod';
import { ArmError, type ArmRequest, invalidContent } from '../http/operation.ts';
import { assertLocation, shortLocation } from '../resources/locations.ts';
import { type Mode, TYPE } from './deployment.ts';
import type { Given } from './deployments.ts';
import { readTemplate } from './template.ts';

const bodySchema = z.object({
  location: z.string().nullish(),
  properties: z.looseObject({
    mode: z.string().default('Incremental'),
    template: z.unknown(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    whatIfSettings: z.object({ resultFormat: z.string().nullish() }).nullish(),
  }),
});

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
