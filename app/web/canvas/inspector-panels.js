/** Controls of the inspector that place what is selected. */

import { element } from "../views/element.js";
import { buttonRow, iconButton } from "./controls.js";
import { NO_CUT, cutTo, filled, fitted, flipped } from "./picture-placement.js";
import { aligned } from "./selection.js";

const MOST_WIDE = 1280; // pixels, the longer side of every frame
const EDGES = [
  ["left", "Align left", "align-left"],
  ["centre", "Align centres", "align-centre"],
  ["right", "Align right", "align-right"],
  ["top", "Align top", "align-top"],
  ["middle", "Align middles", "align-middle"],
  ["bottom", "Align bottom", "align-bottom"],
];

/** Buttons that let a picture fit into the frame or fill it. */
export function placing(editor) {
  const place = (choose) => () => editor.place((picture) => choose(picture, editor.frame));
  return [
    textButton("Fit", "Show the whole picture", place(fitted)),
    textButton("Fill", "Cover the canvas with the picture", place(filled)),
  ];
}

export function cropping(editor, controls) {
  const side = (name, part) => {
    const property = {
      key: `cut-${part}`,
      get: ({ cut }) => cut[part] * 100,
      patch: (percent) => (picture) => cutTo(picture, { [part]: percent / 100 }),
    };
    return controls.slider(name, property, 0, 95, "%");
  };
  const start = ({ target }) => {
    target.closest(":popover-open").hidePopover();
    editor.startCrop();
  };
  const reset = () => editor.place((picture) => cutTo(picture, NO_CUT));
  return controls.panel("Crop", [
    element(
      "div",
      { class: "canvas-buttons" },
      textButton("Crop by hand", "Drag the picture and its edges on the canvas", start),
      textButton("Show all of it", "Remove the crop", reset),
    ),
    side("Left", "left"),
    side("Right", "right"),
    side("Top", "top"),
    side("Bottom", "bottom"),
  ]);
}

export function arrangement(editor, controls, kind) {
  const raise = (name, picture, steps, key) => iconButton(name, picture, () => editor.raise(steps), key);
  const order = [
    raise("Bring to front", "to-front", Infinity, "}"),
    raise("Bring forward", "up", 1, "]"),
    raise("Send backward", "down", -1, "["),
    raise("Send to back", "to-back", -Infinity, "{"),
  ];
  const align = EDGES.map(([edge, name, picture]) =>
    iconButton(name, picture, () => editor.place(aligned(editor.selected, editor.frame, edge))),
  );
  const flip = (axis) => () => editor.place((picture) => flipped(picture, axis));
  const mirror = [
    iconButton("Flip across", "flip-x", flip("x")),
    iconButton("Flip down", "flip-y", flip("y")),
  ];
  const rows = [
    buttonRow("Order", order),
    buttonRow(kind === "group" ? "Align to each other" : "Align to the canvas", align),
    kind === "picture" ? buttonRow("Flip", mirror) : sizes(controls, kind),
  ];
  return controls.panel("Arrange", rows.flat());
}

/** Sliders for the sides that handles change one by one; a text's height follows from its lines. */
function sizes(controls, kind) {
  if (kind === "group") return [];
  const across = controls.slider(kind === "line" ? "Length" : "Width", "width", 4, MOST_WIDE);
  const hasHeight = kind !== "text" && kind !== "line";
  return hasHeight ? [across, controls.slider("Height", "height", 4, MOST_WIDE)] : [across];
}

function textButton(name, title, onclick) {
  return element("button", { type: "button", class: "button quiet canvas-opener", title, onclick }, name);
}
