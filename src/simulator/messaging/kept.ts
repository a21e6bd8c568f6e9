import { scopeKey } from '../scope.ts';
import type { World } from '../world.ts';

/** A resource that Resource Manager keeps as it was sent, beside what the service does by it. */
export interface Kept {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Children have none of their own. */
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sku?: Readonly<Record<string, unknown>>;
  readonly identity?: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** By id; gone with the resource of the world. */
export class KeptResources {
  readonly #world: World;
  readonly #kept = new Map<string, Kept>();

  constructor(world: World) {
    this.#world = world;
    world.onRemoved(({ id }) => void this.#kept.delete(scopeKey(id)));
  }

  get(id: string): Kept | undefined {
    return this.#kept.get(scopeKey(id));
  }

  put(kept: Kept): void {
    this.#kept.set(scopeKey(kept.id), kept);
  }

  /** In the world as well, for what has no module of its own that put it there. */
  register(kept: Kept): void {
    this.put(kept);
    const { id, name, type, location = '', tags } = kept;
    this.#world.putResource({ id, name, type, location, ...(tags && { tags }) });
  }
}
