/** The scene kept in this browser over a reload, where the browser lets us; never an error. */

const NAME = "designer";
const PATIENCE = 2000; // milliseconds: a store may never answer

/** The owner's scene that was kept, without the picture's bitmap; null where there is none. */
export async function recall(owner) {
  const late = new Promise((resolve) => void setTimeout(resolve, PATIENCE));
  try {
    const stored = inStore("readonly", (store) => store.get(keyOf(owner)));
    return (await Promise.race([stored, late])) ?? null;
  } catch {
    return null;
  }
}

export async function keep(scene, owner) {
  const { picture } = scene;
  const kept = { ...scene, picture: picture && { ...picture, bitmap: null } };
  try {
    await inStore("readwrite", (store) => store.put(kept, keyOf(owner)));
  } catch {
    // A private window or a full disk: the scene lives as long as the page.
  }
}

/** Several people may use one browser: nobody is greeted by another's picture. */
function keyOf(owner) {
  return owner ? `scene/${owner}` : "scene";
}

async function inStore(mode, act) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  const database = await settled(opening);
  try {
    return await settled(act(database.transaction(NAME, mode).objectStore(NAME)));
  } finally {
    database.close();
  }
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
