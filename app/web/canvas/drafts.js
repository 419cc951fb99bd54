/**
 * Stores canvases in IndexedDB, so that they survive a reload: one for each tab, and what was copied.
 * Failures are ignored: in a private window or on a full disk, the canvas is lost when the page closes.
 */

import { OWN } from "../addresses.js";
import { tabId } from "./tab-id.js";

const NAME = `${OWN}designer`;
const VERSION = 2;
const DRAFTS = "drafts";
const COPIED = "copied";
const MOST = 8; // drafts of one user
const TIMEOUT = 2000; // milliseconds; IndexedDB may never answer

/** The drafts of one user's tabs. */
export class Drafts {
  #owner;
  #tab = tabId();

  constructor(owner) {
    this.#owner = owner;
  }

  /** This tab's canvas, or for a new tab the one saved last; null if there is none. Bitmaps are closed. */
  async load() {
    const { id, from } = await this.#tab;
    const owner = this.#owner();
    const stored = (await attempt(within(all(owner)))) ?? [];
    const newest = stored.sort((a, b) => b.savedAt - a.savedAt);
    const own = newest.find(({ tab }) => tab === id || tab === from);
    const draft = own || (owner && (await this.#adopt(id))) || newest[0];
    return draft?.scene ?? null;
  }

  /** Takes over what this tab had before its user signed in. */
  async #adopt(tab) {
    const draft = await attempt(within(inStore(DRAFTS, "readonly", (store) => store.get(["", tab]))));
    if (!draft) return null;
    const own = { ...draft, owner: this.#owner() };
    await attempt(inStore(DRAFTS, "readwrite", (store) => store.put(own)));
    await attempt(inStore(DRAFTS, "readwrite", (store) => store.delete(["", tab])));
    return own;
  }

  async save(scene) {
    const { id: tab } = await this.#tab;
    const owner = this.#owner();
    const draft = { owner, tab, savedAt: Date.now(), scene: { ...scene, objects: stored(scene.objects) } };
    await attempt(inStore(DRAFTS, "readwrite", (store) => store.put(draft)));
    await attempt(this.#prune(owner));
  }

  async #prune(owner) {
    const newest = (await all(owner)).sort((a, b) => b.savedAt - a.savedAt);
    for (const { tab } of newest.slice(MOST)) {
      await inStore(DRAFTS, "readwrite", (store) => store.delete([owner, tab]));
    }
  }
}

/** Keeps copied objects for the user's other tabs. */
export function saveCopied({ mark, objects }, owner) {
  const copied = { owner, mark, objects: stored(objects) };
  return attempt(inStore(COPIED, "readwrite", (store) => store.put(copied)));
}

/** @returns {Promise<{mark: string, objects: object[]}|undefined>} */
export function loadCopied(owner) {
  return attempt(inStore(COPIED, "readonly", (store) => store.get(owner)));
}

/** Objects without their bitmaps; those that share a source still do. */
function stored(objects) {
  const sources = new Map(objects.map(({ source }) => [source, source && { ...source, bitmap: null }]));
  return objects.map((object) => (object.source ? { ...object, source: sources.get(object.source) } : object));
}

const all = (owner) =>
  inStore(DRAFTS, "readonly", (store) => store.getAll(IDBKeyRange.bound([owner], [owner, []])));

async function inStore(name, mode, act) {
  const opening = indexedDB.open(NAME, VERSION);
  opening.onupgradeneeded = () => upgrade(opening.result);
  const database = await resultOf(opening);
  try {
    return await resultOf(act(database.transaction(name, mode).objectStore(name)));
  } finally {
    database.close();
  }
}

function upgrade(database) {
  for (const name of database.objectStoreNames) database.deleteObjectStore(name);
  database.createObjectStore(DRAFTS, { keyPath: ["owner", "tab"] });
  database.createObjectStore(COPIED, { keyPath: "owner" });
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const within = (promise) =>
  Promise.race([promise, new Promise((resolve) => void setTimeout(resolve, TIMEOUT))]);

async function attempt(promise) {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}
