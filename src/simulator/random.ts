/**
 * Randomness from a seed. Every draw of the simulator comes from here, so that a run with the same seed and the same
 * order of requests gives the same latencies, lags, faults and ids.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A version-4 UUID, lower-case. */
  uuid(): string;
}

/**
 * A length of time in ms: fixed, or drawn between two bounds. With `share` only that part of the draws (0 to 1) gets
 * a value, the others get 0: `{ min: 500, max: 3000, share: 0.3 }` = three in ten take half a second to three seconds.
 */
export type Spread =
  | number
  | { readonly min: number; readonly max: number; readonly share?: number | undefined };

const HEX = '0123456789abcdef';

/** Mulberry32: 32 bits of state are plenty for tests, and it is ten lines instead of a dependency. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    uuid() {
      let hex = '';
      for (let i = 0; i < 32; i++) hex += HEX[Math.floor(next() * 16)];
      const variant = HEX[8 + Math.floor(next() * 4)];
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}

/** One value of a spread, in ms. Draws nothing for a fixed value, so adding a fixed knob does not shift other draws. */
export function draw(spread: Spread, random: Random): number {
  if (typeof spread === 'number') return spread;
  if (spread.share !== undefined && random.next() >= spread.share) return 0;
  return spread.min + (spread.max - spread.min) * random.next();
}
