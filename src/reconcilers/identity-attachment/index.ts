import { identityAttachment } from '../../api/identity-attachment.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import type { Turn, Turns } from '../hosts/turns.ts';
import type { Kind } from '../kind.ts';
import { decide } from './decide.ts';
import type { Action, Facts, IdentityAttachment, OwnStatus, Telling } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type HostHands, perform } from './perform.ts';
import type { Selecting } from './selecting.ts';

export type IdentityAttachmentKind = Kind<IdentityAttachment, Facts, Action, OwnStatus>;
export type IdentityAttachmentParts = Omit<Eyes, 'given' | 'told' | 'looked' | 'selecting' | 'areas'> &
  HostHands & {
    readonly turns: Pick<Turns, 'set' | 'forget'>;
    readonly areas: Pick<AreasInUse, 'use'>;
  };

/** IdentityAttachment as the frame runs it. */
export function identityAttachmentKind(parts: IdentityAttachmentParts): IdentityAttachmentKind {
  const given = new Map<string, Turn>();
  const told = new Map<string, Telling>();
  const looked = new Map<string, string>();
  const selecting = new Map<string, Selecting>();
  const eyes: Eyes = { ...parts, given, told, looked, selecting };
  const hands = { ...parts, given };
  return {
    name: 'identityattachment',
    resource: identityAttachment.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide(object, facts) {
      const decision = decide(object, facts);
      if (decision.told) told.set(object.metadata.uid, decision.told);
      return decision;
    },
    perform: (action, object, context) => perform(action, object, context, hands),
    forget(key, uid) {
      parts.areas.use(key, []);
      if (uid === undefined) return;
      parts.turns.forget(uid);
      for (const map of [given, told, looked, selecting]) map.delete(uid);
    },
  };
}
