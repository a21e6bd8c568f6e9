import { slotsArea } from './host-area.ts';

/**
 * Which sites' slots are listed, and for whom: those that somebody named, and those that the list of a subscription's
 * sites shows while somebody looks at all slots. A site wanted for both reasons is listed once.
 */
export class HostSites {
  /** Areas of slots that somebody named. */
  readonly #named = new Set<string>();
  /** Areas of slots found, by the area that stands for all slots of their subscription. */
  readonly #found = new Map<string, ReadonlySet<string>>();

  name(area: string): void {
    this.#named.add(area);
  }

  /** True if nobody wants it any more. */
  unname(area: string): boolean {
    this.#named.delete(area);
    return !this.#wanted(area);
  }

  /**
   * A whole list of sites came in. One that it lacks stays while `holds` says that slots of it are held to be there:
   * a list may be short, and the site's own list tells what became of them. Answers which areas are wanted now and which
   * no more, and those that stay although they are missing.
   */
  list(
    all: string,
    siteIds: readonly string[],
    holds: (area: string) => boolean,
  ): {
    readonly wanted: readonly string[];
    readonly unwanted: readonly string[];
    readonly missing: readonly string[];
  } {
    const shown = new Set(siteIds.map(slotsArea));
    const before = this.foundBy(all).filter((area) => !shown.has(area));
    const missing = before.filter(holds);
    const wanted = new Set([...shown, ...missing]);
    this.#found.set(all, wanted);
    return { wanted: [...wanted], unwanted: before.filter((area) => !this.#wanted(area)), missing };
  }

  /** Nobody looks at all slots any more: the areas that nobody wants now. */
  drop(all: string): readonly string[] {
    const before = this.foundBy(all);
    this.#found.delete(all);
    return before.filter((area) => !this.#wanted(area));
  }

  foundBy(all: string): readonly string[] {
    return [...(this.#found.get(all) ?? [])];
  }

  /** Every area wanted for whatever reason. */
  get areas(): readonly string[] {
    return [...new Set([...this.#named, ...[...this.#found.values()].flatMap((areas) => [...areas])])];
  }

  #wanted(area: string): boolean {
    return this.#named.has(area) || [...this.#found.values()].some((areas) => areas.has(area));
  }
}
