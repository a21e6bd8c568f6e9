import { MAX_CREDENTIALS } from '../../azure/federated-credentials.ts';
import { sameText } from '../../azure/names/text.ts';
import type { Facts, SeenCredential, Sibling, Trust } from './facts.ts';
import { ageOf } from './object.ts';

/** How an object's credential fits in with what else is, or is wanted, on the identity. Pure. */

type Place =
  /** The object's own credential is there, as wanted or not. */
  | { readonly state: 'own'; readonly credential: SeenCredential }
  /** Free to be made. */
  | { readonly state: 'free' }
  /** A credential azid did not make says the same. */
  | { readonly state: 'satisfied'; readonly by: SeenCredential }
  /** ... or the same but for the audience: Azure takes no second one with the pair. */
  | { readonly state: 'conflict'; readonly with: SeenCredential }
  /** Another object has, or is about to have, this issuer and subject. */
  | { readonly state: 'taken'; readonly by: Sibling }
  /** Another object's credential still holds the pair, which it gives up when it has what it is declared to have now. */
  | { readonly state: 'releasing'; readonly by: Sibling }
  /** ... but azid does not write for that object, so it gives up nothing. */
  | { readonly state: 'held'; readonly by: Sibling }
  | { readonly state: 'full'; readonly holders: readonly string[] };

/** @param me the object's age and the name of its credential */
export function placeOf(
  me: { readonly age: string; readonly name: string },
  wanted: Trust,
  credentials: readonly SeenCredential[],
  siblings: Facts['siblings'],
): Place {
  const own = credentials.find(({ name }) => sameName(name, me.name));
  const others = credentials.filter((each) => each !== own);

  const duplicate = others.find((each) => samePair(each, wanted));
  if (duplicate) {
    const holder = siblings.find(({ credentialName }) => sameName(credentialName, duplicate.name));
    if (!holder) {
      return duplicate.audience === wanted.audience
        ? { state: 'satisfied', by: duplicate }
        : { state: 'conflict', with: duplicate };
    }
    const stays = !holder.deleting && holder.trust !== undefined && samePair(holder.trust, wanted);
    if (stays) return { state: 'taken', by: holder };
    return { state: holder.deleting || holder.mayWrite ? 'releasing' : 'held', by: holder };
  }
  // The object that has the pair in Azure is first; while none has, the oldest is.
  if (!own || !samePair(own, wanted)) {
    const first = claimants(siblings).find(
      (each) => ageOf(each) < me.age && each.trust !== undefined && samePair(each.trust, wanted),
    );
    if (first) return { state: 'taken', by: first };
  }
  if (own) return { state: 'own', credential: own };

  const holders = [
    ...others.map(({ name }) => nameFor(name, siblings)),
    ...pending(me.age, credentials, siblings).map(({ key }) => `${key} (to come)`),
  ];
  // Foreign ones count too. The error of the 21st is unsure, so it is not tried (docs/azure-facts.md section 4).
  return holders.length >= MAX_CREDENTIALS ? { state: 'full', holders: holders.sort() } : { state: 'free' };
}

export function sameTrust(a: Trust, b: Trust): boolean {
  return samePair(a, b) && a.audience === b.audience;
}

/**
 * Older objects whose credential is still to be made: the objects' age decides who is the 21st, not the order in which
 * they happen to be reconciled. Those that will never write one hold no place.
 */
export function pending(
  age: string,
  credentials: readonly SeenCredential[],
  siblings: readonly Sibling[],
): readonly Sibling[] {
  const found: Sibling[] = [];
  for (const each of claimants(siblings)) {
    const { trust, credentialName } = each;
    if (!trust || ageOf(each) > age) continue;
    const there = credentials.some(({ name }) => sameName(name, credentialName));
    const duplicate = credentials.some((other) => samePair(other, trust));
    const later = found.some((first) => first.trust !== undefined && samePair(first.trust, trust));
    if (!there && !duplicate && !later) found.push(each);
  }
  return found;
}

/** Those that want a credential and may make it, oldest first. */
export function claimants(siblings: readonly Sibling[]): readonly Sibling[] {
  return siblings
    .filter(({ deleting, mayWrite, trust }) => !deleting && mayWrite && trust !== undefined)
    .sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
}

/** The key of the object where there is one, else the name in Azure. */
function nameFor(name: string, siblings: readonly Sibling[]): string {
  return siblings.find(({ credentialName }) => sameName(credentialName, name))?.key ?? name;
}

export function samePair(
  a: Pick<Trust, 'issuer' | 'subject'>,
  b: Pick<Trust, 'issuer' | 'subject'>,
): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

/** Names in Azure differ in more than case. */
export function sameName(a: string, b: string): boolean {
  return sameText(a, b);
}
