import { z } from 'zod';
import { pastTime } from './remembered.ts';

export const MAX_RESOURCE = 256;

/** For people: nothing is decided from it. */
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
