import { z } from 'zod';

/**
 * Which texts of a status are read back by another process, and what each must be: the ids and times by which azid finds again what it did. A
 * status may have been written while no azid ran, by a process whose clock was wrong, or come from a restore; a text that is
 * nothing of the kind is dropped where statuses are read (`src/reconcilers/status/remembered.ts`). The CRD does not say it:
 * an object that holds something else must still be taken in, or it could never be repaired, nor deleted.
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
  /** Before the time at which it is read. */
  | 'past'
  /** A pause that was recorded: never longer than this. */
  | { readonly withinMs: number }
  /** No text: permission that the object's own reconcile gives to other objects. Only what this process wrote counts. */
  | 'leave';

/** What a resource refuses is tried again after an hour at most. */
export const LONGEST_PAUSE_MS = 3_600_000;

/** The key under which a zod schema carries it to the reader; it never enters a CRD. */
export const REMEMBERED = 'x-azid-remembered';

export const rememberedId = (what: Exclude<Remembered, 'past' | 'leave' | object>, max: number) =>
  z
    .string()
    .max(max)
    .meta({ [REMEMBERED]: what });

export const rememberedGuid = () => rememberedId('guid', 36);

/**
 * Permission that an object gives to others, by which they remove or change something. Each process grants it anew,
 * after it has checked that it may: a value that is in the API server when a process begins may have been written
 * by any user.
 */
export const leave = <T extends z.ZodType>(schema: T): T => schema.meta({ [REMEMBERED]: 'leave' });

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
