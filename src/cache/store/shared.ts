/** How many texts are remembered. Beyond that the next ones are shared among themselves. */
const CAPACITY = 4_096;

/**
 * One copy of equal texts: each answer of Azure is parsed by itself, so ten thousand identities of one group come with ten
 * thousand copies of its name. For texts that repeat; one that occurs once would only fill this up.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  get size(): number {
    return this.#texts.size;
  }

  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= CAPACITY) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
