import { sessionStore } from "./browser-storage.js";
import { element, freshId } from "./element.js";
import { credits } from "./format.js";
import { problemOf, rawOf, valueOf } from "./variable.js";

const LONG_TEXT = 120;
const INPUT_MODES = { number: "decimal", integer: "numeric" };

/** A form made from a template's variables. Emits `change`. */
export class VariablesForm extends EventTarget {
  #form;
  #key;
  #fields = [];

  constructor(form) {
    super();
    this.#form = form;
  }

  /** Shows a template's variables but one, with the values entered before. */
  show({ slug, variables, factors = {} }, { except } = {}) {
    this.#key = `variables/${slug}`;
    const stored = JSON.parse(sessionStore.get(this.#key) ?? "{}");
    this.#fields = variables.filter((variable) => variable !== except).map((variable) => {
      const { name } = variable;
      const raw = Object.hasOwn(stored, name) ? stored[name] : undefined;
      const field = new Field(variable, raw, Object.hasOwn(factors, name));
      field.addEventListener("change", () => this.#changed());
      return field;
    });
    this.#form.replaceChildren(...this.#fields.map((field) => field.element));
  }

  /** Notes a job's values as those entered before, for `show`. */
  note({ slug, variables }, values) {
    const raw = variables.map((variable) => [variable.name, rawOf(variable, values[variable.name])]);
    sessionStore.set(`variables/${slug}`, JSON.stringify(Object.fromEntries(raw)));
  }

  /** Notes what is entered for `show`, if the template's variables are others now. */
  keepFor({ slug, variables }) {
    const fields = new Map(this.#fields.map((field) => [field.name, field]));
    const raw = variables.filter(({ name }) => fields.has(name)).map((variable) => {
      const { value, raw: entered } = fields.get(variable.name);
      return [variable.name, Number.isNaN(value) ? entered : rawOf(variable, value)];
    });
    sessionStore.set(`variables/${slug}`, JSON.stringify(Object.fromEntries(raw)));
  }

  /** The values to submit, without empty optional variables. */
  get values() {
    const given = this.#fields.map((field) => [field.name, field.value]);
    return Object.fromEntries(given.filter(([, value]) => value !== undefined));
  }

  /** The first invalid field, or undefined. */
  get invalidField() {
    return this.#fields.find((field) => field.problem);
  }

  showProblems() {
    for (const field of this.#fields) field.showProblem();
    this.invalidField?.focus();
  }

  /** @param {(values: object) => number} price of the job with these values instead of the chosen */
  showPrices(price) {
    for (const field of this.#fields) field.showPrices((value) => price({ [field.name]: value }));
  }

  focus() {
    this.#fields[0]?.focus();
  }

  #changed() {
    const raw = this.#fields.map((field) => [field.name, field.raw]);
    sessionStore.set(this.#key, JSON.stringify(Object.fromEntries(raw)));
    this.dispatchEvent(new Event("change"));
  }
}

/** One variable: its control, and a message below it if its value is invalid. */
class Field extends EventTarget {
  #variable;
  #inputs;
  /** The element with the price of each choice, by its raw value, if the price depends on it. */
  #prices = new Map();
  #problem = element("p", { class: "field-problem", id: freshId("problem") });

  constructor(variable, stored, hasPrices) {
    super();
    this.#variable = variable;
    this.name = variable.name;
    this.raw = stored ?? initial(variable);
    this.element = variable.type === "choice" ? this.#choice(hasPrices) : this.#entry();
    this.element.append(this.#problem);
    this.element.addEventListener("focusout", () => this.raw !== "" && this.showProblem());
  }

  get value() {
    return valueOf(this.#variable, this.raw);
  }

  get problem() {
    return problemOf(this.#variable, this.raw);
  }

  focus() {
    (this.#inputs.find((input) => input.checked) ?? this.#inputs[0]).focus();
  }

  showProblem() {
    this.#problem.textContent = this.problem;
    for (const input of this.#inputs) input.ariaInvalid = this.problem !== null;
  }

  showPrices(price) {
    for (const [raw, node] of this.#prices) node.textContent = credits(price(valueOf(this.#variable, raw)));
  }

  #entry() {
    const { type, maxLength, required, label } = this.#variable;
    const id = freshId("variable");
    const input = element(maxLength > LONG_TEXT ? "textarea" : "input", {
      id, class: "input", rows: 2, autocomplete: "off", "aria-required": String(required),
      inputmode: INPUT_MODES[type] ?? null, "aria-describedby": this.#problem.id,
      oninput: () => this.#setRaw(input.value),
    });
    input.value = this.raw;
    this.#inputs = [input];
    const hint = required ? null : element("small", {}, "Optional");
    return element("div", { class: "field" }, element("label", { class: "field-label", for: id }, label, hint), input);
  }

  #choice(hasPrices) {
    const { choices, required, label, default: value } = this.#variable;
    const options = choices.map((choice, index) => [String(index), capitalized(choice)]);
    if (!required && value === undefined) options.unshift(["", "Any"]);
    const group = freshId("choice");
    const segments = options.map(([raw, text]) => {
      const onchange = () => this.#setRaw(raw);
      const price = hasPrices && element("small", { id: freshId("price"), "aria-hidden": "true" });
      if (price) this.#prices.set(raw, price);
      const look = { type: "radio", name: group, checked: raw === this.raw, onchange };
      const input = element("input", { ...look, "aria-describedby": price?.id });
      return element("label", { class: "segment" }, input, text, price);
    });
    this.#inputs = segments.map((segment) => segment.firstChild);
    return element(
      "div",
      { class: "field", role: "radiogroup", "aria-labelledby": group },
      element("span", { class: "field-label", id: group }, label),
      element("div", { class: "segments" }, segments),
    );
  }

  #setRaw(raw) {
    this.raw = raw;
    if (this.#problem.textContent) this.showProblem();
    this.dispatchEvent(new Event("change"));
  }
}

/** A choice is stored by its index, because the service distinguishes 5 from "5". */
function initial({ type, choices, default: value }) {
  if (type === "choice") return value === undefined ? "" : String(choices.indexOf(value));
  return String(value ?? "");
}

function capitalized(choice) {
  const text = String(choice);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
