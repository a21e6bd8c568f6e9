/**
 * The three functions of the old metadata proposal that @peculiar/x509's container asks for at import. It uses them
 * for nothing but a note per decorated class, so these lines stand in for a polyfill package. Import it first.
 */
const notes = new WeakMap<object, Map<unknown, unknown>>();

const metadata = {
  defineMetadata(key: unknown, value: unknown, target: object): void {
    const own = notes.get(target) ?? new Map<unknown, unknown>();
    notes.set(target, own.set(key, value));
  },
  getOwnMetadata: (key: unknown, target: object): unknown => notes.get(target)?.get(key),
  getMetadata(key: unknown, target: object): unknown {
    for (let at: object | null = target; at; at = Object.getPrototypeOf(at))
      if (notes.get(at)?.has(key)) return notes.get(at)?.get(key);
    return undefined;
  },
};

for (const [name, value] of Object.entries(metadata))
  if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
