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

/** Buttons side by side under a name. */
export function buttonRow(name, buttons) {
  const group = element("div", { class: "canvas-buttons", role: "group", "aria-label": name }, buttons);
  return element("div", { class: "canvas-row canvas-wide" }, name, group);
}

/** A button that opens a small panel. */
export function panel(name, contents, face, look = {}) {
  const dialog = { class: "canvas-panel", popover: "auto", role: "dialog", "aria-label": name };
  const box = element("div", dialog, contents);
  const button = { type: "button", class: "button quiet canvas-opener", "aria-haspopup": "dialog" };
  const opener = element("button", { ...button, ...look }, face);
  opener.popoverTargetElement = box;
  return element("div", {}, opener, box);
}

/** A property that is set as it is. */
const plain = (part) => ({ key: part, get: (subject) => subject[part], patch: (value) => ({ [part]: value }) });

/**
 * Creates controls for properties; `sync` shows the current values. A property is a name, or how it is
 * read and changed, as `{key, get, patch}`.
 */
export class Controls {
  #put;
  #endStep;
  #syncs = [];

  /** `put(patch, key)` changes the subject; `endStep` ends an edit of several changes. */
  constructor(put, endStep) {
    this.#put = put;
    this.#endStep = endStep;
  }

  sync(subject) {
    for (const sync of this.#syncs) sync(subject);
  }

  slider(name, property, min, max, unit = "") {
    const shown = element("span", { "aria-hidden": "true" });
    const { get, ...rest } = typeof property === "string" ? plain(property) : property;
    const input = this.#input({ type: "range", min, max }, rest, (field) => field.valueAsNumber);
    this.#syncs.push((subject) => {
      input.value = get(subject);
      shown.textContent = `${Math.round(get(subject))}${unit}`;
    });
    return element("label", { class: "canvas-row" }, name, input, shown);
  }

  toggle(name, part) {
    const input = this.#input({ type: "checkbox", role: "switch" }, plain(part), (field) => field.checked);
    this.#syncs.push((subject) => {
      input.checked = subject[part];
    });
    return element("label", { class: "canvas-row" }, name, input);
  }

  amount(name, part, min, max) {
    const look = { type: "number", class: "input", "aria-label": name };
    const read = ({ validity, valueAsNumber }) => (validity.valid ? valueAsNumber : NaN);
    const input = this.#input({ ...look, min, max, required: true }, plain(part), read);
    this.#syncs.push((subject) => {
      if (document.activeElement !== input) input.value = Math.round(subject[part]);
    });
    return row(name, input);
  }

  /** `optionsOf(subject)` gives `[value, label, alike]`; an option also stands for values `alike`. */
  choice(name, part, optionsOf) {
    const select = element("select", { class: "select canvas-choice", "aria-label": name });
    let options;
    select.onchange = () => this.#put({ [part]: options[select.selectedIndex][0] });
    this.#syncs.push((subject) => {
      const offered = optionsOf(subject);
      if (offered !== options) select.replaceChildren(...offered.map(([value, label]) => new Option(label, value)));
      options = offered;
      select.selectedIndex = options.findIndex(([value, , alike = [value]]) => alike.includes(subject[part]));
    });
    return row(name, select);
  }

  /** Colour swatches and a custom colour. */
  palette(name, part, others = {}) {
    const swatches = Object.entries({ ...others, ...COLOURS }).map(([label, colours]) => {
      const look = { type: "button", class: "canvas-swatch", title: label, "aria-label": label };
      const onclick = () => this.#put({ [part]: colours });
      const swatch = element("button", { ...look, onclick });
      showColours(swatch, colours);
      this.#syncs.push((subject) => {
        swatch.ariaPressed = subject[part].join() === colours.join();
      });
      return swatch;
    });
    const look = { type: "color", class: "canvas-swatch", "aria-label": "Custom colour" };
    const custom = this.#input({ ...look, title: "Custom colour" }, plain(part), ({ value }) => [value]);
    this.#syncs.push((subject) => {
      custom.value = subject[part][0] ?? "#ffffff";
    });
    const group = { class: "canvas-palette", role: "group", "aria-label": name };
    return element("div", group, swatches, custom);
  }

  /** A button that opens a small panel; with a `part`, the button shows that property's colours. */
  panel(name, contents, part) {
    const chip = part && element("span", { class: "canvas-chip" });
    if (part) this.#syncs.push((subject) => showColours(chip, subject[part]));
    return panel(name, contents, [chip ?? null, name, icon("chevron-down")]);
  }

  /** An input that changes a property while it is used, and ends the undo step on release. */
  #input(look, { key, patch }, read) {
    const oninput = ({ target }) => {
      const value = read(target);
      if (!Number.isNaN(value)) this.#put(patch(value), key);
    };
    return element("input", { ...look, oninput, onchange: this.#endStep });
  }
}

function showColours(node, colours) {
  const [start = "transparent", end = start] = colours;
  node.style.backgroundImage = `linear-gradient(135deg, ${start}, ${end})`;
}

const row = (name, control) => element("label", { class: "canvas-row canvas-wide" }, name, control);
