import { sessionStore } from "./views/browser-storage.js";

const KEY = "running-pictures";
const MOST = 4; // of some 50 KB each

/**
 * Small pictures of canvases whose videos are under way, kept over a reload of this tab: the service
 * shows a start image only once it is stored, and may keep none.
 */
export const runningPictures = {
  /** @returns {{url: string, ratio: string} | null} */
  find(jobId) {
    return read().find(([id]) => id === jobId)?.[1] ?? null;
  },

  keep(jobId, picture) {
    write([[jobId, picture], ...read()].slice(0, MOST));
  },

  drop(jobId) {
    const kept = read();
    const others = kept.filter(([id]) => id !== jobId);
    if (others.length < kept.length) write(others);
  },
};

function read() {
  return JSON.parse(sessionStore.get(KEY) ?? "[]");
}

function write(pictures) {
  sessionStore.set(KEY, pictures.length > 0 ? JSON.stringify(pictures) : null);
}
