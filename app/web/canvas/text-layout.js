/** Lays out text on the canvas exactly as a textarea of the same style does. */

import { fromLocal } from "./geometry.js";

export const FONTS = {
  sans: '-apple-system, "Segoe UI Variable Display", "Segoe UI", Roboto, "Liberation Sans", sans-serif',
  rounded: 'ui-rounded, "SF Pro Rounded", "Arial Rounded MT Bold", Nunito, Quicksand, sans-serif',
  narrow: '"Avenir Next Condensed", "Arial Narrow", "Liberation Sans Narrow", sans-serif',
  serif: 'ui-serif, "New York", Georgia, "Liberation Serif", serif',
  mono: 'ui-monospace, "Cascadia Code", "Liberation Mono", monospace',
};
const RIGHT_TO_LEFT = /^\P{L}*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const LINE_HEIGHT = 1.12;
const LETTER_SPACING = -0.02;
const measuring = document.createElement("canvas").getContext("2d");

/** Returns a text object with the height of its lines; its upper edge stays in place. */
export function fitText(object) {
  if (object.kind !== "text") return object;
  const height = linesOf(object).length * object.size * LINE_HEIGHT;
  const growth = height - (object.height ?? height);
  return { ...object, ...fromLocal(object, { x: 0, y: growth / 2 }), height };
}

/** The CSS for a textarea over the text, at `scale` CSS pixels per canvas pixel. */
export function textStyle(object, scale) {
  return {
    font: `${object.weight} ${object.size * scale}px/${LINE_HEIGHT} ${FONTS[object.font]}`,
    letterSpacing: `${object.size * LETTER_SPACING * scale}px`,
    textAlign: object.align,
  };
}

/**
 * Calls `write(line, x, y)` for each line, in the object's own coordinates. The first letter of a
 * paragraph decides its direction, as `dir="auto"` does for a textarea.
 */
export function eachLine(context, object, write) {
  prepare(context, object);
  context.textAlign = object.align;
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText("x");
  const lineHeight = object.size * LINE_HEIGHT;
  const x = { left: -0.5, center: 0, right: 0.5 }[object.align] * object.width;
  const top = (lineHeight + ascent - descent - object.height) / 2;
  linesOf(object).forEach(({ line, direction }, index) => {
    context.direction = direction;
    write(line, x, top + index * lineHeight);
  });
}

function prepare(context, object) {
  context.font = `${object.weight} ${object.size}px ${FONTS[object.font]}`;
  context.letterSpacing = `${object.size * LETTER_SPACING}px`;
}

function linesOf(object) {
  prepare(measuring, object);
  return object.text.split("\n").flatMap((paragraph) => {
    const direction = RIGHT_TO_LEFT.test(paragraph) ? "rtl" : "ltr";
    return wrapped(paragraph, object.width).map((line) => ({ line, direction }));
  });
}

/** Breaks lines after spaces, and inside a word only if the word is longer than a line. */
function wrapped(paragraph, width) {
  const lines = [""];
  const fits = (piece) => measuring.measureText((lines.at(-1) + piece).trimEnd()).width <= width;
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
