/** Adds pictures to a scene. */

import { filled, fitted } from "./picture-placement.js";
import { frameOf, raise, withNew } from "./scene.js";

export const HEADLINE = { text: "After the rain", size: 104, width: 900, align: "left", x: 522, y: 592 };
const LAYER_SHARE = 0.5; // of the frame, for a picture above another one

export function hasOwnPicture({ objects }) {
  return objects.some(({ kind, isSample }) => kind === "picture" && !isSample);
}

/**
 * Returns `{scene, id}` with one more picture. The first one is shown whole, behind the texts, and
 * takes the place of the sample; a further one lies above the rest.
 */
export function withPicture(scene, source) {
  const frame = frameOf(scene);
  if (!hasOwnPicture(scene)) return behind(withoutSample(scene), { source, ...fitted(source, frame) });
  const room = { width: frame.width * LAYER_SHARE, height: frame.height * LAYER_SHARE };
  const { width, height } = fitted(source, room);
  const factor = Math.min(1, source.width / width); // a logo is not enlarged
  return onTop(withNew(scene, "picture", { source, width: width * factor, height: height * factor }));
}

/** Returns `{scene, id}` with the sample, which covers the frame. */
export function withSample(scene, source) {
  const objects = scene.objects.filter(({ isSample }) => !isSample);
  const look = { source, isSample: true, ...filled(source, frameOf(scene)) };
  return behind({ ...scene, objects }, look);
}

/** The sample's headline is removed with it. */
function withoutSample(scene) {
  const stays = ({ isSample, text }) => !isSample && text !== HEADLINE.text;
  return { ...scene, objects: scene.objects.filter(stays) };
}

function behind(scene, look) {
  const added = onTop(withNew(scene, "picture", look));
  return { ...added, scene: raise(added.scene, [added.id], -Infinity) };
}

const onTop = (scene) => ({ scene, id: scene.objects.at(-1).id });
