import { icon } from "../icons.js";
import { element } from "../views/element.js";

const COLOURS = {
  White: ["#ffffff"], Ash: ["#8d889c"], Ink: ["#0e0b16"], Coral: ["#ff6b57"],
  Amber: ["#ffb84d"], Lemon: ["#ffe66b"], Mint: ["#4be3b0"], Sky: ["#55b8ff"],
  Violet: ["#8b6cff"], Pink: ["#ff5fb0"],
  Ember: ["#ffe08a", "#ff5a5f"], Neon: ["#39e6ff", "#7d5cff"], Orchid: ["#8b6cff", "#ff5fb0"],
  Aurora: ["#5cffb1", "#2f8bff"], Ice: ["#ffffff", "#9fc6ff"], Dusk: ["#171226", "#4b2f7d"],
};

/** A button with an icon, and its name as a tooltip. */
export function iconButton(name, picture, onclick, keys) {
  const look = { type: "button", class: "icon-button", title: name, "aria-label": name };
  return element("button", { ...look, "aria-keyshortcuts": keys, onclick }, icon(picture));
}

/** Creates controls for the selection's properties; `sync` shows the current values. */
export class Controls {
  #editor;
  #syncs = [];

  constructor(editor) {
    this.#editor = editor;
  }

  sync(subject) {
    for (const sync of this.#syncs) sync(subject);
  }

  slider(name, part, min, max, unit = "") {
    const shown = element("span", { "aria-hidden": "true" });
    const input = this.#input({ type: "range", min, max }, part, (field) => field.valueAsNumber);
    this.#syncs.push((subject) => {
      input.value = subject[part];
      shown.textContent = `${Math.round(subject[part])}${unit}`;
    });
    return element("label", { class: "canvas-row" }, name, input, shown);
  }

  toggle(name, part) {
    const input = this.#input({ type: "checkbox", role: "switch" }, part, (field) => field.checked);
    this.#syncs.push((subject) => {
      input.checked = subject[part];
    });
    return element("label", { class: "canvas-row" }, name, input);
  }

  amount(name, part, min, max) {
    const look = { type: "number", class: "input canvas-amount", "aria-label": name, title: name };
    const read = ({ validity, valueAsNumber }) => (validity.valid ? valueAsNumber : NaN);
    const input = this.#input({ ...look, min, max, required: true }, part, read);
    this.#syncs.push((subject) => {
      if (document.activeElement !== input) input.value = Math.round(subject[part]);
    });
    return input;
  }

  choice(name, part, options) {
    const select = element("select", { class: "select canvas-choice", "aria-label": name, title: name });
    for (const [value, label] of options) select.append(new Option(label, value));
    select.onchange = () => this.#editor.change({ [part]: options[select.selectedIndex][0] });
    this.#syncs.push((subject) => {
      select.selectedIndex = options.findIndex(([value]) => value === subject[part]);
    });
    return select;
  }

  /** Colour swatches and a custom colour. */
  palette(name, part, others = {}) {
    const swatches = Object.entries({ ...others, ...COLOURS }).map(([label, colours]) => {
      const look = { type: "button", class: "canvas-swatch", title: label, "aria-label": label };
      const onclick = () => this.#editor.change({ [part]: colours });
      const swatch = element("button", { ...look, onclick });
      showColours(swatch, colours);
      this.#syncs.push((subject) => {
        swatch.ariaPressed = subject[part].join() === colours.join();
      });
      return swatch;
    });
    const look = { type: "color", class: "canvas-swatch", "aria-label": "Custom colour" };
    const custom = this.#input({ ...look, title: "Custom colour" }, part, ({ value }) => [value]);
    this.#syncs.push((subject) => {
      custom.value = subject[part][0] ?? "#ffffff";
    });
    const group = { class: "canvas-palette", role: "group", "aria-label": name };
    return element("div", group, swatches, custom);
  }

  /** A button that opens a small panel; with a `part`, the button shows that property's colours. */
  panel(name, contents, part) {
    const look = { class: "canvas-panel", popover: "auto", role: "dialog", "aria-label": name };
    const box = element("div", look, contents);
    const chip = part && element("span", { class: "canvas-chip" });
    const looks = { type: "button", class: "button quiet canvas-opener", "aria-haspopup": "dialog" };
    const button = element("button", looks, chip ?? null, name, icon("chevron-down"));
    button.popoverTargetElement = box;
    if (part) this.#syncs.push((subject) => showColours(chip, subject[part]));
    return element("div", {}, button, box);
  }

  /** An input that changes a property while it is used, and ends the undo step on release. */
  #input(look, part, read) {
    const oninput = ({ target }) => {
      const value = read(target);
      if (!Number.isNaN(value)) this.#editor.change({ [part]: value }, part);
    };
    return element("input", { ...look, oninput, onchange: () => this.#editor.endStep() });
  }
}

function showColours(node, colours) {
  const [start = "transparent", end = start] = colours;
  node.style.backgroundImage = `linear-gradient(135deg, ${start}, ${end})`;
}
