/** Stores the scene in IndexedDB so that it survives a reload. Failures are ignored. */

const NAME = "designer";
const TIMEOUT = 2000; // milliseconds; IndexedDB may never answer

/** Returns the owner's stored scene, without the picture's bitmap; null if there is none. */
export async function loadDraft(owner) {
  const timeout = new Promise((resolve) => void setTimeout(resolve, TIMEOUT));
  try {
    const stored = inObjectStore("readonly", (store) => store.get(keyOf(owner)));
    return (await Promise.race([stored, timeout])) ?? null;
  } catch {
    return null;
  }
}

export async function saveDraft(scene, owner) {
  const { picture } = scene;
  const draft = { ...scene, picture: picture && { ...picture, bitmap: null } };
  try {
    await inObjectStore("readwrite", (store) => store.put(draft, keyOf(owner)));
  } catch {
    // Private window or full disk: the scene is lost when the page closes.
  }
}

/** One key per user, because several people may use one browser. */
function keyOf(owner) {
  return owner ? `scene/${owner}` : "scene";
}

async function inObjectStore(mode, act) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  const database = await resultOf(opening);
  try {
    return await resultOf(act(database.transaction(NAME, mode).objectStore(NAME)));
  } finally {
    database.close();
  }
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
