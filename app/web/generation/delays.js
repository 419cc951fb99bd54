/** The longest delay a browser's timer supports, in milliseconds; a longer one fires at once. */
const LONGEST = 2 ** 31 - 1;

/** Resolves after `milliseconds`, or when the signal fires. */
export function delay(milliseconds, signal) {
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

/** The promise's outcome, or a rejection with the signal's reason if it fires first. */
export function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason);
    const settled = Promise.resolve(promise).then(resolve, reject);
    void settled.finally(() => signal.removeEventListener("abort", end));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}

/** Milliseconds until the next try: doubles with each failure, with jitter. */
export function backoff(failures, { first = 1_000, longest = 30_000 } = {}) {
  return withJitter(Math.min(longest, first * 2 ** failures));
}

/** Between half and all of `milliseconds`, so that browsers cut off together reconnect spread out. */
export function withJitter(milliseconds) {
  return milliseconds * (0.5 + Math.random() / 2);
}
