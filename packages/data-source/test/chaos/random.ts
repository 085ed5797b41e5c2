/** Random numbers that a seed fixes. */
export interface Random {
  /** From 0, below `end`. */
  below(end: number): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
  /** Another sequence, for a worker of its own: what others do does not change it. */
  fork(): Random;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => next() * end;
  return {
    below,
    between: (low, high) => low + Math.floor(below(high - low + 1)),
    pick: (choices) => choices[Math.floor(below(choices.length))] as (typeof choices)[number],
    fork: () => createRandom(Math.floor(below(2 ** 32))),
  };
}
