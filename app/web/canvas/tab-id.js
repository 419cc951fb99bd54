import { OWN } from "../addresses.js";
import { sessionStore } from "../views/browser-storage.js";

const KEY = "canvas-tab";
const PATIENCE = 500; // milliseconds; a reload may still hold its lock

let known = null;

/**
 * The id of this tab, which a reload keeps. A duplicated tab starts with the id of the tab it was made
 * from, which that tab still holds: it gets another one, and the first as `from`.
 * @returns {Promise<{id: string, from?: string|null}>}
 */
export function tabId() {
  known ??= find();
  return known;
}

async function find() {
  const from = sessionStore.get(KEY);
  if (from && (await hold(from))) return { id: from };
  const id = randomId();
  sessionStore.set(KEY, id);
  await hold(id);
  return { id, from };
}

/** Whether this tab now holds the id; always true in a browser without locks. */
function hold(id) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(PATIENCE) };
    const untilClosed = () => (resolve(true), new Promise(() => {}));
    navigator.locks.request(`${OWN}${KEY}/${id}`, options, untilClosed).catch(() => resolve(false));
  });
}

/** Not crypto.randomUUID, which plain http on a private network does not have. */
export function randomId() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
