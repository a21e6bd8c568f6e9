import { identityAttachment } from '../../api/identity-attachment.ts';
import type { KindDefinition } from '../definition.ts';
import { areasOf } from '../watches/areas.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type {
  Action,
  AttachmentDecision,
  Facts,
  IdentityAttachment,
  OwnStatus,
  ReconcileEvents,
} from './facts.ts';
import { holds } from './holds.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { perform } from './perform.ts';
import { store } from './store.ts';
import type { Selecting } from './targets/selecting.ts';
import { watches } from './watches.ts';

/** IdentityAttachment: where an identity is to be; its hosts do the writing. */
export const identityAttachmentKind: KindDefinition<
  IdentityAttachment,
  Facts,
  Action,
  OwnStatus,
  AttachmentDecision
> = {
  name: 'identityattachment',
  resource: identityAttachment.resource,
  status: identityAttachment.status,
  store,
  holds,
  watches,
  ownedInAzure,
  decide,
  start(services) {
    const reported = new Map<string, ReconcileEvents>();
    const reReads = new Map<string, string>();
    const selecting = new Map<string, Selecting>();
    const areas = areasOf(services.hostCache, 'identityattachment');
    const observeDeps: ObserveDeps = { ...services, areas, reported, reReads, selecting };
    return {
      observe: (object, context) => observe(object, context, observeDeps),
      decided({ metadata: { uid } }, _facts, decision) {
        if (decision.reported) reported.set(uid, decision.reported);
      },
      perform: (action, _object, context) => perform(action, context, services),
      forget(key, uid) {
        areas.use(key, []);
        if (uid === undefined) return;
        for (const map of [reported, reReads, selecting]) map.delete(uid);
        services.references.forget(uid);
      },
    };
  },
};
