import { z } from 'zod';

/**
 * Texts of a status by which azid finds again what it did: ids and times. A status may have been written while no azid ran,
 * by a process whose clock was wrong, or come from a restore; so its schema says what each such text must be, and what is
 * nothing of the kind is dropped where statuses are read (`src/reconcilers/status/remembered.ts`). The CRD does not say it:
 * an object that holds something else must still be taken in, or it could never be mended, nor end.
 */
export type Remembered =
  | 'identityId'
  | 'credentialId'
  | 'assignmentId'
  | 'roleDefinitionId'
  /** Of a resource of any type. */
  | 'resourceId'
  /** One segment of an id. */
  | 'name'
  /** Of the directory: principals, clients, tenants; and of a subscription. */
  | 'guid'
  /** Lies behind whoever reads it. */
  | 'past'
  /** A pause that was told: never longer than this. */
  | { readonly withinMs: number };

/** What a resource refuses is tried again after an hour at most. */
export const LONGEST_PAUSE_MS = 3_600_000;

/** The key under which a zod schema carries it to the reader; it never enters a CRD. */
export const REMEMBERED = 'x-azid-remembered';

export const rememberedId = (what: Extract<Remembered, string>, max: number) =>
  z
    .string()
    .max(max)
    .meta({ [REMEMBERED]: what });

export const rememberedGuid = () => rememberedId('guid', 36);

export const pastTime = () =>
  z
    .string()
    .max(64)
    .meta({ format: 'date-time', [REMEMBERED]: 'past' });

export const timeToCome = (withinMs: number) =>
  z
    .string()
    .max(64)
    .meta({ format: 'date-time', [REMEMBERED]: { withinMs } });
