import { asciiLower } from './ascii.ts';

/** A region as ARM names it: `West Europe`, as the portal and `az` show it, is `westeurope`. */
export function regionName(location: string): string {
  return asciiLower(location).replaceAll(' ', '');
}

export function sameRegion(left: string, right: string): boolean {
  return regionName(left) === regionName(right);
}
