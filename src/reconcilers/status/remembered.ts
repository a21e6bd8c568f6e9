import { z } from 'zod';
import type { ManagedStatus } from '../../api/schema/common.ts';
import { REMEMBERED, type Remembered } from '../../api/schema/remembered.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { isGuid } from '../../azure/names/guid.ts';
import { isSegment, parseIdentityId, parseResourceId } from '../../azure/names/resource-id.ts';
import { subscriptionOf } from '../../azure/names/scope.ts';
import { timestamp } from '../../runtime/status/conditions.ts';

/**
 * What is believed of a status that this process did not write: the one place where a text becomes an id or a time, for every
 * kind, by what its schema says (`src/api/schema/remembered.ts`). No reader after this has to check whether an id is one, whether
 * a time that is past lies ahead, or who gave a leave that takes something away.
 */

/** @param now wall ms, when it is first read. A valid status is returned as it was given. */
type StatusReader = (status: ManagedStatus | undefined, now: number) => ManagedStatus | undefined;

/** @param schema of the status of one kind */
export function statusReader(schema: z.ZodObject): StatusReader {
  const read = readerOf(schema);
  return (status, now) =>
    status === undefined || !read ? status : (read(status, now) as ManagedStatus | undefined);
}

/** In place of what is nothing of its kind. An object that needs it is none either. */
const DROPPED = undefined;

/** What it reads, or `DROPPED`. */
type Read = (value: unknown, now: number) => unknown;

/** Absent: nothing in it is remembered, and it is as it is. */
function readerOf(schema: z.core.$ZodType): Read | undefined {
  if (schema instanceof z.ZodOptional) return readerOf(schema.def.innerType);
  const what =
    schema instanceof z.ZodType ? (schema.meta()?.[REMEMBERED] as Remembered | undefined) : undefined;
  if (what === 'leave') return () => DROPPED;
  if (schema instanceof z.ZodArray) return arrayReader(readerOf(schema.def.element));
  if (schema instanceof z.ZodObject) return objectReader(schema);
  return what === undefined ? undefined : textReader(what);
}

function arrayReader(read: Read | undefined): Read | undefined {
  if (!read) return undefined;
  return (value, now) => {
    if (!Array.isArray(value)) return DROPPED;
    const items = value.map((item) => read(item, now));
    if (items.every((item, at) => item === value[at])) return value;
    return items.filter((item) => item !== DROPPED);
  };
}

function objectReader(schema: z.ZodObject): Read | undefined {
  const members = Object.entries(schema.def.shape).flatMap(([name, member]) => {
    const read = readerOf(member);
    return read ? [{ name, read, optional: member instanceof z.ZodOptional }] : [];
  });
  if (members.length === 0) return undefined;
  return (value, now) => {
    if (typeof value !== 'object' || value === null) return DROPPED;
    const given = value as Readonly<Record<string, unknown>>;
    let next: Record<string, unknown> | undefined;
    for (const { name, read, optional } of members) {
      if (given[name] === undefined) continue;
      const member = read(given[name], now);
      if (member === given[name]) continue;
      if (member === DROPPED && !optional) return DROPPED;
      next ??= { ...given };
      if (member === DROPPED) delete next[name];
      else next[name] = member;
    }
    return next ?? value;
  };
}

function textReader(what: Exclude<Remembered, 'leave'>): Read {
  if (typeof what === 'object') return timeReader((now) => now + what.withinMs);
  if (what === 'past') return timeReader((now) => now);
  const parses = PARSES[what];
  return (value) => {
    if (typeof value !== 'string') return DROPPED;
    try {
      return parses(value) ? value : DROPPED;
    } catch (error) {
      if (error instanceof TypeError) return DROPPED;
      throw error;
    }
  };
}

/**
 * Never later than the latest that it can be. A process whose clock was wrong may have written it; what such a time holds up
 * is then held up no longer than if it had been written at this moment. What is no time counts from now as well.
 */
function timeReader(latestAt: (now: number) => number): Read {
  return (value, now) => {
    const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    const latest = latestAt(now);
    return time <= latest ? value : timestamp(Number.isNaN(time) ? now : latest);
  };
}

/** Each may throw `TypeError` for what it is not. */
const PARSES: Readonly<Record<Exclude<Remembered, 'past' | 'leave' | object>, (text: string) => boolean>> = {
  identityId: (text) => isGuid(parseIdentityId(text).subscriptionId),
  credentialId: (text) => isGuid(parseIdentityId(parseCredentialId(text).identityId).subscriptionId),
  assignmentId: (text) => {
    const { scope, name } = parseAssignmentId(text);
    const subscription = subscriptionOf(scope);
    return isSegment(name) && (subscription === undefined || isGuid(subscription));
  },
  resourceId: (text) => {
    const { subscriptionId, path } = parseResourceId(text);
    return path.length > 0 && isGuid(subscriptionId);
  },
  roleDefinitionId: (text) => /\/roleDefinitions\/[^/]+$/i.test(text) && isGuid(text.slice(-36)),
  name: isSegment,
  guid: isGuid,
};
