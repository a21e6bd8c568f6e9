import { z } from 'zod';
import { pastTime, rememberedId } from './remembered.ts';

/** The newest calls that an object shows. */
export const MAX_ACTIVITY = 10;
export const MAX_OPERATION = 200;
/** Room for `azid (<object id>)` and `application <id>` around what a caller is called. */
export const MAX_CALLER = 160;
export const MAX_CORRELATION = 64;
export const MAX_REPAIRED = 400;
export const RESULTS = ['Succeeded', 'Failed', 'Canceled', 'Accepted'] as const;

const entry = z.object({
  time: pastTime(),
  operation: z
    .string()
    .max(MAX_OPERATION)
    .describe('As Azure calls it: Microsoft.Authorization/roleAssignments/delete.'),
  caller: z
    .string()
    .max(MAX_CALLER)
    .optional()
    .describe(
      'Who did it: a user by name, else an application or principal by its id; azid, with the object id of its own identity, for azid itself. Absent: Azure names nobody.',
    ),
  result: z
    .enum(RESULTS)
    .describe(
      'Accepted: azid asked for it and Azure carries it out over time; the conditions show how it went.',
    ),
  correlationId: z
    .string()
    .max(MAX_CORRELATION)
    .optional()
    .describe("Finds the call in Azure's Activity Log: `az monitor activity-log list --correlation-id`."),
  resourceId: rememberedId('resourceId', 1200)
    .optional()
    .describe('What it was done to, where the object has several.'),
  repaired: z
    .string()
    .max(MAX_REPAIRED)
    .optional()
    .describe('Of a call of azid that put something right: what somebody else had done, and who.'),
});

export type ActivityEntry = Readonly<z.input<typeof entry>>;

/** What was done of late to what an object has in Azure. For users: nothing is decided from it. */
export const activity = {
  activity: z
    .array(entry)
    .max(MAX_ACTIVITY)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe(
      `The last ${MAX_ACTIVITY} creations, changes and deletions of what this object has in Azure, by azid and by others, the newest first. Calls of others come from Azure's events and its Activity Log.`,
    ),
};

export const MAX_RESOURCE = 256;

/** For users: nothing is decided from it. */
const lastSignIn = z.object({
  time: pastTime().describe('The first of that day.'),
  resource: z
    .string()
    .max(MAX_RESOURCE)
    .optional()
    .describe('What the token was for, as the directory calls it: Azure Key Vault.'),
  result: z.enum(['Succeeded', 'Failed']),
});

export type LastSignIn = Readonly<z.input<typeof lastSignIn>>;

export const signIns = {
  lastSignIn: lastSignIn
    .optional()
    .describe(
      'The last day on which the identity got a token, as the sign-in log of the directory has it; of a resource and a day the log has the first. Only with --sign-ins. Tokens are kept for up to a day, so use goes on without a sign-in.',
    ),
};
