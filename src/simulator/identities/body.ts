import { z } from 'zod';
import { ArmError } from '../http/operation.ts';
import type { IdentityChange } from './identities.ts';

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
