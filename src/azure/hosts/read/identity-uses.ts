/**
 * Where a resource names an identity outside of `identity`: for pulling images, for reading secrets, for encryption, for its
 * deployment. Taken out of `identity`, it would fail there. Found by walking the whole model for the identity's ARM id,
 * client id and principal id, so that a property that no documentation lists is found as well (docs/azure-facts.md, "What else
 * names an identity").
 */
import { armKey } from '../../names/resource-id.ts';
import type { Model } from '../write/replace.ts';

/** The identity whose uses are searched for; ids as far as they are known. */
interface NamedIdentity {
  /** `armKey` of a user-assigned identity; absent for the resource's own. */
  readonly key?: string | undefined;
  readonly clientId?: string | undefined;
  readonly principalId?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Tags are words of people, and the rest is what the resource is, not what it uses. */
const NO_USE: ReadonlySet<string> = new Set([
  'id',
  'name',
  'type',
  'kind',
  'location',
  'identity',
  'tags',
  'etag',
  'eTag',
  'systemData',
]);

const IDS_OF_ONE_USE: ReadonlySet<string> = new Set(['resourceId', 'clientId', 'objectId']);

/** Paths as `properties.configuration.registries[].identity`, each once. */
export function usesOfIdentity(model: Model, named: NamedIdentity): string[] {
  return pathsIn(model, (object, path) => namedIn(object, path, named));
}

/** Of the resource's own identity: by its ids, and by the words that stand for it. */
export function usesOfSystemIdentity(model: Model, named: Omit<NamedIdentity, 'key'>): string[] {
  return pathsIn(model, (object, path) => [...namedIn(object, path, named), ...systemWords(object, path)]);
}

type Find = (object: Fields, path: string) => readonly string[];

function pathsIn(model: Model, find: Find): string[] {
  const found = new Set<string>();
  for (const [name, value] of Object.entries(model)) if (!NO_USE.has(name)) walk(value, name, find, found);
  return [...found];
}

function walk(value: unknown, path: string, find: Find, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const each of value) walk(each, `${path}[]`, find, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const each of find(value as Fields, path)) found.add(each);
  for (const [name, each] of Object.entries(value)) walk(each, `${path}.${name}`, find, found);
}

/**
 * Every property of an object that names the identity, since each may be a use of its own: a site pulls images by the
 * client id in one and reads secrets by the ARM id in the next, and a user who confirms a detach must have seen both.
 */
function namedIn(object: Fields, path: string, { key, clientId, principalId }: NamedIdentity): string[] {
  const isId = (text: unknown) => typeof text === 'string' && key !== undefined && keyOf(text) === key;
  const guids = [clientId, principalId].flatMap((each) => (each ? [each.toLowerCase()] : []));
  const isGuid = (value: unknown) => typeof value === 'string' && guids.includes(value.trim().toLowerCase());
  const has = (test: (value: unknown) => boolean) => (value: unknown) =>
    test(value) || (Array.isArray(value) && value.some(test));
  const [byId, byGuid] = [has(isId), has(isGuid)];
  const entries = Object.entries(object);
  const names = [
    ...entries.filter(([name, value]) => isId(name) || byId(value)),
    ...entries.filter(([name, value]) => !isId(name) && !byId(value) && byGuid(value)),
  ].map(([name]) => name);
  return onceEach(names, path).map((name) => (isId(name) ? path : `${path}.${name}`));
}

/**
 * A cluster names one use by three ids (docs/azure-facts.md, "What else names an identity"): the ARM id, which comes
 * first.
 */
function onceEach(names: readonly string[], path: string): readonly string[] {
  if (!/(^|\.)identityProfile\.[^.]+$/.test(path)) return names;
  const [, ...more] = names.filter((name) => IDS_OF_ONE_USE.has(name));
  return names.filter((name) => !more.includes(name));
}

function keyOf(text: string): string | undefined {
  return /\/userAssignedIdentities\//i.test(text) ? armKey(text.trim()) : undefined;
}

/**
 * Words and omissions that stand for the resource's own identity. `keyVaultReferenceIdentity: SystemAssigned` is none: it is
 * what every site shows, whether it has such references or not.
 */
function systemWords(object: Fields, path: string): string[] {
  const is = (name: string, word: RegExp) => typeof object[name] === 'string' && word.test(object[name]);
  const lacks = (name: string) => !object[name];
  const found = (name: string) => [`${path}.${name}`];
  if (is('identity', /^system(-?assigned)?$/i)) return found('identity');
  if (is('type', /^SystemAssignedIdentity$/i)) return found('type');
  if (is('type', /^ManagedServiceIdentity$/i) && lacks('identity')) return found('type');
  if (object.acrUseManagedIdentityCreds === true && lacks('acrUserManagedIdentityID'))
    return found('acrUseManagedIdentityCreds');
  if (is('keyVaultId', /./) && lacks('identityClientId') && 'hostName' in object) return found('keyVaultId');
  // A key of the customer's own, reached by no other identity.
  const key = is('keySource', /^Microsoft\.Keyvault$/i) ? 'keySource' : 'vaultBaseUrl';
  if (/(^|\.)encryption$/.test(path) && is(key, /./) && !ofUser(object.identity)) return found(key);
  return [];
}

function ofUser(identity: unknown): boolean {
  if (typeof identity !== 'object' || identity === null) return false;
  return Boolean((identity as Fields).userAssignedIdentity);
}
