/** Text on the canvas, set as a textarea of the same style would set it. */

import { fromLocal } from "./geometry.js";

export const FONTS = {
  sans: '-apple-system, "Segoe UI Variable Display", "Segoe UI", Roboto, "Liberation Sans", sans-serif',
  rounded: 'ui-rounded, "SF Pro Rounded", "Arial Rounded MT Bold", Nunito, Quicksand, sans-serif',
  narrow: '"Avenir Next Condensed", "Arial Narrow", "Liberation Sans Narrow", sans-serif',
  serif: 'ui-serif, "New York", Georgia, "Liberation Serif", serif',
  mono: 'ui-monospace, "Cascadia Code", "Liberation Mono", monospace',
};
const LEADING = 1.12;
const TRACKING = -0.02;
const ruler = document.createElement("canvas").getContext("2d");

/** A text with the height that its lines take; its upper edge stays where it is. */
export function fitted(object) {
  if (object.kind !== "text") return object;
  const height = linesOf(object).length * object.size * LEADING;
  const growth = height - (object.height ?? height);
  return { ...object, ...fromLocal(object, { x: 0, y: growth / 2 }), height };
}

/** The style of a field over the text, at `scale` CSS pixels a pixel. */
export function styleOf(object, scale) {
  return {
    font: `${object.weight} ${object.size * scale}px/${LEADING} ${FONTS[object.font]}`,
    letterSpacing: `${object.size * TRACKING * scale}px`,
    textAlign: object.align,
  };
}

/** Calls `write(line, x, y)` for each line, in the object's own coordinates. */
export function eachLine(context, object, write) {
  prepare(context, object);
  context.textAlign = object.align;
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText("x");
  const lead = object.size * LEADING;
  const x = { left: -0.5, center: 0, right: 0.5 }[object.align] * object.width;
  const top = (lead + ascent - descent - object.height) / 2;
  linesOf(object).forEach((line, index) => write(line, x, top + index * lead));
}

function prepare(context, object) {
  context.font = `${object.weight} ${object.size}px ${FONTS[object.font]}`;
  context.letterSpacing = `${object.size * TRACKING}px`;
}

function linesOf(object) {
  prepare(ruler, object);
  return object.text.split("\n").flatMap((paragraph) => wrapped(paragraph, object.width));
}

/** Break after spaces, and within a word only where it does not fit a line of its own. */
function wrapped(paragraph, width) {
  const lines = [""];
  const fits = (piece) => ruler.measureText((lines.at(-1) + piece).trimEnd()).width <= width;
  const put = (piece) => lines.push(lines.pop() + piece);
  for (const word of paragraph.match(/\S+\s*|\s+/g) ?? []) {
    if (lines.at(-1) && !fits(word)) lines.push("");
    for (const piece of fits(word) ? [word] : word) {
      if (lines.at(-1) && !fits(piece)) lines.push("");
      put(piece);
    }
  }
  return lines.map((line) => line.trimEnd());
}
