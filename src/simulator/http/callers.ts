import type { Directory } from '../directory.ts';

/** Names for callers in the request log. Kept by object id, so a caller keeps its name after its principal is gone. */
export class Callers {
  readonly #names = new Map<string, string>();
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  name(objectId: string, name: string): void {
    this.#names.set(objectId.toLowerCase(), name);
  }

  /** The name given, else the principal's display name, else its object id. */
  nameOf(objectId: string): string {
    return this.#names.get(objectId.toLowerCase()) ?? this.#directory.find(objectId)?.displayName ?? objectId;
  }

  /** Object id of a caller by name; undefined when no caller was named so. */
  find(name: string): string | undefined {
    return this.#names.entries().find(([, given]) => given === name)?.[0];
  }
}
