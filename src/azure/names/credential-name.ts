/**
 * The name of a federated credential says who made it: the resource has no tags (docs/azure-facts.md section 4). A frozen wire
 * format with test vectors, docs/wire-format.md.
 */

import { createHash } from 'node:crypto';
import { readGuid } from './guid.ts';
import { asciiLower } from './text.ts';

/** docs/azure-facts.md section 4. */
export const CREDENTIAL_NAME = /^[a-zA-Z0-9]{1}[a-zA-Z0-9-_]{2,119}$/;

const INSTALLATION_DIGITS = 12;
const OBJECT_DIGITS = 20;
/** 120 characters, less both marks and their dashes. */
const MAX_READABLE = 120 - INSTALLATION_DIGITS - OBJECT_DIGITS - 2;

/** The object a credential is made for. No UID: the same object applied again after a restore finds its credential. */
export interface CredentialOwner {
  readonly namespace: string;
  readonly name: string;
}

/**
 * `<namespace>-<name>-<12 hex digits of the installation>-<20 of installation and object>`. The first part is for
 * readers only: shortened, and what Azure does not allow replaced. What is hashed stands one a line, and a line end
 * cannot occur in it, so `team-a/web` is not `team/a-web` (docs/guarantees.md mistake 22). Throws `TypeError`.
 */
export function credentialName(installationId: string, owner: CredentialOwner): string {
  const readable = `${owner.namespace}-${owner.name}`
    .replace(/[^a-zA-Z0-9-_]/g, '-')
    .replace(/^[^a-zA-Z0-9]/, 'x')
    .slice(0, MAX_READABLE);
  return `${readable}-${installationMark(installationId)}-${objectMark(installationId, owner)}`;
}

/** Whether this installation made the credential for this very object, by its name alone. Any case. */
export function isCredentialOf(name: string, installationId: string, owner: CredentialOwner): boolean {
  const [installation, object] = marksOf(name);
  return installation === installationMark(installationId) && object === objectMark(installationId, owner);
}

/** Whether this installation made it, for any object: the credentials to remove before an identity is deleted. */
export function isCredentialOfInstallation(name: string, installationId: string): boolean {
  return marksOf(name)[0] === installationMark(installationId);
}

function installationMark(installationId: string): string {
  return digest(['installation', readGuid('the installation id', installationId)], INSTALLATION_DIGITS);
}

function objectMark(installationId: string, { namespace, name }: CredentialOwner): string {
  for (const [what, text] of Object.entries({ namespace, name }))
    if (!/^[^\s/]+$/.test(text))
      throw new TypeError(`Expected the ${what} to be a Kubernetes name, got '${text.slice(0, 100)}'`);
  const input = ['object', readGuid('the installation id', installationId), namespace, name];
  return digest(input, OBJECT_DIGITS);
}

function digest(parts: readonly string[], digits: number): string {
  const input = ['azid federated credential', ...parts].join('\n');
  return createHash('sha256').update(input, 'utf8').digest('hex').slice(0, digits);
}

const MARKS = new RegExp(`.-([0-9a-f]{${INSTALLATION_DIGITS}})-([0-9a-f]{${OBJECT_DIGITS}})$`, 'i');

function marksOf(name: string): readonly (string | undefined)[] {
  return MARKS.exec(asciiLower(name))?.slice(1) ?? [];
}
