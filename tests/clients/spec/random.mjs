// Pseudorandom numbers with a fixed seed, so that every run produces the same documents.

/** Returns a function that returns pseudorandom numbers from 0 to 1, excluding 1 (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a random sample of at most `count` items, in their original order. */
export function sample(next, items, count) {
  const left = items.map((item, index) => ({ item, index, key: next() }));
  const taken = left.sort((a, b) => a.key - b.key).slice(0, count);
  return taken.sort((a, b) => a.index - b.index).map(({ item }) => item);
}
