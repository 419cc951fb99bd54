/** The weights of a font that look different on this computer: many systems have two of the five. */

import { element } from "../views/element.js";
import { FONTS } from "./text-layout.js";

const WEIGHTS = [[300, "Light"], [400, "Regular"], [600, "Semibold"], [800, "Bold"], [900, "Black"]];
const USUAL = [400, 800]; // their names fit whatever looks like them
const SAMPLE = "Rag";
const known = new Map();

/** Returns `[weight, name, alike]` for each; `alike` are the weights that look like it, itself included. */
export function weightsOf(font) {
  if (!known.has(font)) known.set(font, measured(font));
  return known.get(font);
}

function measured(font) {
  const looks = Map.groupBy(WEIGHTS, ([weight]) => drawn(weight, font));
  return [...looks.values()].map((alike) => {
    const [weight, name] = alike.find(([each]) => USUAL.includes(each)) ?? alike[0];
    return [weight, name, alike.map(([each]) => each)];
  });
}

/** The pixels, not the widths, which are the same for all weights of a monospaced font. */
function drawn(weight, font) {
  const canvas = element("canvas", { width: 120, height: 60 });
  const context = canvas.getContext("2d");
  context.font = `${weight} 40px ${FONTS[font]}`;
  context.fillText(SAMPLE, 4, 44);
  return canvas.toDataURL();
}
