/** How hosts are addressed. */

import { capabilityOf, hostTypeOf } from '../types/capabilities.ts';
import type { HostVersion } from './answers.ts';

/** Path and version of a host. */
export function pathOf(id: string, version: HostVersion): string {
  return `${wirePath(id)}?${versionOf(hostTypeOf(id), version)}`;
}

/** Groups may hold letters that a URL may not. */
export function wirePath(id: string): string {
  const segments = id.split('/').filter((segment) => segment !== '');
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** The table's version of a type it has, else the given one. */
export function versionOf(type: string, { apiVersion }: HostVersion): string {
  const version = capabilityOf(type)?.apiVersion ?? apiVersion;
  if (version === undefined)
    throw new TypeError(`Expected an API version for ${type}, which azid does not know; give apiVersion`);
  return `api-version=${encodeURIComponent(version)}`;
}

export function providerOf(type: string): string {
  return type.split('/')[0] ?? '';
}
