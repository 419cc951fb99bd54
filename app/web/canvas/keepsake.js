/** The scene kept in this browser over a reload, where the browser lets us; never an error. */

const NAME = "designer";

/** The scene that was kept, without the picture's bitmap; null where there is none. */
export async function recall() {
  try {
    return (await inStore("readonly", (store) => store.get("scene"))) ?? null;
  } catch {
    return null;
  }
}

export async function keep(scene) {
  const { picture } = scene;
  const kept = { ...scene, picture: picture && { ...picture, bitmap: null } };
  try {
    await inStore("readwrite", (store) => store.put(kept, "scene"));
  } catch {
    // A private window or a full disk: the scene lives as long as the page.
  }
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
