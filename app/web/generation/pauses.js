/** What a browser's timers can count; a longer wait would end at once. */
const LONGEST = 2 ** 31 - 1;

/** Wait so many milliseconds, or until the signal fires. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, signal?.aborted ? 0 : Math.min(milliseconds, LONGEST));
    signal?.addEventListener("abort", end);
  });
}

/** Milliseconds until the next try: doubling, and never the same for two browsers. */
export function backoff(failures, { first = 1_000, longest = 30_000 } = {}) {
  return spread(Math.min(longest, first * 2 ** failures));
}

/** Between a half and the whole of it, so that browsers cut off together come back apart. */
export function spread(milliseconds) {
  return milliseconds * (0.5 + Math.random() / 2);
}
