import { z } from 'zod';
import { ArmError, invalidContent } from '../http/operation.ts';
import { locationRequired } from '../identities/answers.ts';
import { assertLocation, shortLocation } from '../resources/locations.ts';

const bodySchema = z.looseObject({
  location: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  sku: z.looseObject({ name: z.string() }).nullish(),
  identity: z.looseObject({ type: z.string() }).nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});

type Body = z.output<typeof bodySchema>;

export function readBody(body: unknown): Body {
  const parsed = bodySchema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw invalidContent();
}

/** Of a type with a region. */
export function locationOf({ location }: Body): string {
  if (!location) throw locationRequired();
  assertLocation(location);
  return shortLocation(location);
}

/** As Service Bus words its refusals (public reports): a sub-code before the sentence. */
export const badRequest = (message: string) => new ArmError(400, 'BadRequest', `SubCode=40000. ${message}`);

/** As Event Grid words them. */
export const invalidRequest = (message: string) => new ArmError(400, 'InvalidRequest', message);
