import { z } from 'zod';
import { ArmError, resourceNotFound } from '../http/operation.ts';
import { type Coordinates, IDENTITY_TYPE, type Identity, type IdentityChange } from './identities.ts';

const bodySchema = z.looseObject({
  location: z.string().optional(),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z
    .looseObject({
      isolationScope: z.enum(['None', 'Regional']).optional(),
      assignmentRestrictions: z.unknown().optional(),
    })
    .optional(),
});

interface IdentityBody {
  readonly location?: string;
  readonly change: IdentityChange;
}

/** What a PUT or PATCH asks for. Unknown properties are ignored, as ARM's older api-versions do. */
export function readBody(body: unknown): IdentityBody {
  const parsed = bodySchema.safeParse(body ?? {});
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new ArmError(
      400,
      'InvalidRequestContent',
      `The request content was invalid and could not be deserialized: '${field}'.`,
    );
  }
  const { location, tags, properties } = parsed.data;
  if (tags) assertTags(tags);
  return {
    ...(location !== undefined && { location }),
    change: {
      ...(tags && { tags }),
      ...(properties?.isolationScope !== undefined && { isolationScope: properties.isolationScope }),
      ...(properties?.assignmentRestrictions !== undefined && {
        assignmentRestrictions: properties.assignmentRestrictions,
      }),
    },
  };
}

/** 50 tags, names up to 512 and values up to 256 characters, no `<>%&\?/` in names (Microsoft Learn, "Use tags"). */
function assertTags(tags: Readonly<Record<string, string>>): void {
  const names = Object.keys(tags);
  const reserved = names.filter((name) => /[<>%&\\?/]/.test(name));
  if (reserved.length > 0)
    throw new ArmError(
      400,
      'InvalidTagNameCharacters',
      `The tag names '${reserved.join(',')}' have reserved characters '<,>,%,&,\\,?,/' or control characters.`,
    );
  // The texts of the limits are unsure.
  if (names.length > 50)
    throw new ArmError(
      400,
      'InvalidTagCount',
      `The number of tags '${names.length}' exceeds the limit of '50'.`,
    );
  const long = names.find((name) => name.length > 512 || (tags[name] ?? '').length > 256);
  if (long !== undefined)
    throw new ArmError(
      400,
      'InvalidTagLength',
      `The tag '${long}' is too long. A tag name may have 512 and a tag value 256 characters.`,
    );
}

/** The body of an identity as Azure sends it (docs/azure-facts.md section 3, traffic): `tags` is `{}` when unset. */
export function identityBody(identity: Identity): unknown {
  const {
    location,
    tags,
    id,
    name,
    tenantId,
    principalId,
    clientId,
    isolationScope,
    assignmentRestrictions,
  } = identity;
  return {
    location,
    tags,
    id,
    name,
    type: IDENTITY_TYPE,
    properties: {
      tenantId,
      principalId,
      clientId,
      ...(isolationScope !== undefined && { isolationScope }),
      ...(assignmentRestrictions !== undefined && { assignmentRestrictions }),
    },
  };
}

export const identityNotFound = ({ name, resourceGroup }: Coordinates): ArmError =>
  resourceNotFound(IDENTITY_TYPE, name, resourceGroup);

/** 3-128 of alphanumerics, `-`, `_`, first a letter or digit (docs/azure-facts.md section 3). */
const NAME = /^[a-z0-9][a-z0-9_-]{2,127}$/i;

/** Code and text of the refusal are unsure: no capture was found. */
export function assertName(name: string): void {
  if (NAME.test(name)) return;
  throw new ArmError(
    400,
    'InvalidResourceName',
    `The resource name '${name}' is invalid. It must be between 3 and 128 characters, start with a letter or number, and contain only alphanumerics, hyphens and underscores.`,
  );
}
