import { element } from "./element.js";

/** How the ratio of the canvas and the format of a template go together. Ratios are `width:height`. */

const RATIO = /^[1-9]\d*:[1-9]\d*$/;
const AUTO = "auto"; // the model follows the picture
const OFFERS = 2;
const list = new Intl.ListFormat("en");

/** The choice that asks for a ratio, if the template has one: the canvas answers it. */
export function ratioVariable({ variables }) {
  return variables.find(
    ({ type, choices = [] }) =>
      type === "choice" && choices.some(isRatio) && choices.every((each) => isRatio(each) || each === AUTO),
  );
}

/** The values that follow from the canvas: none if the model decides. */
export function ratioValues(template, aspect) {
  const variable = ratioVariable(template);
  if (!variable) return {};
  const { name, choices } = variable;
  if (choices.includes(aspect)) return { [name]: aspect };
  if (choices.includes(AUTO)) return { [name]: AUTO };
  return mayBeOmitted(variable) ? {} : { [name]: byLikeness(choices, aspect)[0] };
}

/** The ratios that the template makes; null if it makes any. */
function ratiosOf(template) {
  const variable = ratioVariable(template);
  if (!variable) return template.aspectRatios ?? null;
  const offered = variable.choices.filter(isRatio);
  const modelDecides = variable.choices.includes(AUTO) || mayBeOmitted(variable);
  return (modelDecides && template.aspectRatios) || offered;
}

/** The ratios of the canvas that the template makes. */
export function wantedRatios(template, { aspects }) {
  const ratios = ratiosOf(template);
  return ratios ? aspects.filter((each) => ratios.includes(each)) : aspects;
}

/** The ratios of the canvas that the template makes, the most alike first; null if it makes this one. */
export function betterRatios(template, { aspect, aspects }) {
  const ratios = ratiosOf(template) ?? [aspect];
  if (ratios.some((each) => distance(each, aspect) < 0.01)) return null;
  return byLikeness(wantedRatios(template, { aspects }), aspect);
}

/** Says what becomes of a canvas whose ratio a template does not make, and offers others. */
export class RatioNote {
  #parts;
  #editor;
  #next;

  /** @param {HTMLElement} next gets the focus when the note has done its work */
  constructor(parts, editor, next) {
    this.#parts = parts;
    this.#editor = editor;
    this.#next = next;
  }

  show(template) {
    const { ratioNote, ratioText, ratioOffers } = this.#parts;
    const better = betterRatios(template, this.#editor);
    const text = better && `${ratiosLine(template)} The model may crop your ${this.#editor.aspect} canvas.`;
    if (ratioText.textContent === (text ?? "")) return;
    ratioNote.hidden = better === null;
    ratioText.textContent = text;
    ratioOffers.replaceChildren(...(better ?? []).slice(0, OFFERS).map((each) => this.#offer(each)));
    if (better) uncoverFocus(); // on a phone, the note may cover what brought it
  }

  #offer(aspect) {
    const onclick = () => {
      this.#editor.aspect = aspect;
      this.#next.focus();
    };
    return element("button", { class: "button", type: "button", onclick }, `Use ${aspect}`);
  }
}

function uncoverFocus() {
  const { activeElement } = document;
  if (activeElement.matches(":focus-visible")) activeElement.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function ratiosLine(template) {
  return `${template.title} makes ${list.format(ratiosOf(template))} videos.`;
}

function mayBeOmitted({ required, default: value }) {
  return !required && value === undefined;
}

function isRatio(choice) {
  return RATIO.test(choice);
}

function byLikeness(ratios, aspect) {
  return [...ratios].sort((one, other) => distance(one, aspect) - distance(other, aspect));
}

/** 0 for the same ratio; as large for twice the width as for half of it. */
function distance(one, other) {
  return Math.abs(Math.log(quotient(one) / quotient(other)));
}

function quotient(ratio) {
  const [width, height] = ratio.split(":");
  return width / height;
}
