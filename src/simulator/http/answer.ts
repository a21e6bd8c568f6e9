import { type FaultEffect, faultError } from '../faults.ts';
import { jsonReply, type Reply } from './message.ts';
import { type ArmError, type ArmResponse, errorBody } from './operation.ts';

/** From what an operation returns or throws to an answer, and what a fault makes of that. */

/** The outcome of a call before it is put on the wire. */
export type Answer = Extract<Reply, { kind: 'answer' }>;

export function responseAnswer(response: ArmResponse, headers: Readonly<Record<string, string>>): Answer {
  const all = { ...headers, ...response.headers };
  if (response.xml === undefined) return jsonReply(response.status, response.body, all);
  const type = { 'content-type': 'application/xml; charset=utf-8' };
  return { kind: 'answer', status: response.status, headers: { ...type, ...all }, body: response.xml };
}

export function errorAnswer(error: ArmError, headers: Readonly<Record<string, string>> = {}): Answer {
  return jsonReply(error.status, { error: errorBody(error) }, { ...headers, ...error.headers });
}

/** What a fault does to a call that shall have no effect; undefined when it strikes only afterwards. */
export function beforeEffect(effect: FaultEffect, now: number): Reply | undefined {
  switch (effect.kind) {
    case 'status':
      return effect.when === 'after' ? undefined : errorAnswer(faultError(effect, now));
    case 'reset':
      return effect.when === 'before' ? { kind: 'reset' } : undefined;
    case 'silence':
      return effect.when === 'after' ? undefined : { kind: 'silence' };
    case 'truncate':
      return undefined;
  }
}

export function afterEffect(effect: FaultEffect, answer: Answer, now: number): Reply {
  switch (effect.kind) {
    case 'status':
      return errorAnswer(faultError(effect, now));
    case 'reset':
      return { kind: 'reset' };
    case 'silence':
      return { kind: 'silence' };
    case 'truncate':
      return { kind: 'truncated', answer };
  }
}
