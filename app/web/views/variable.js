/** The value of a variable and its validation, by the same rules as the service. */

const CONTROL = /[\x00-\x09\x0b-\x1f\x7f]/g;
const LARGEST = 2 ** 53;

/** @param {string} raw as entered; for a choice, its index in the list */
export function valueOf({ type, choices }, raw) {
  if (raw.trim() === "") return undefined;
  if (type === "choice") return choices[Number(raw)];
  return isNumeric(type) ? Number(raw) : raw.replace(CONTROL, " ").trim();
}

/** As it would be entered, for a value of a job; undefined if it fits no more. */
export function rawOf({ type, choices }, value) {
  if (value === undefined) return "";
  if (type !== "choice") return String(value);
  return choices.includes(value) ? String(choices.indexOf(value)) : undefined;
}

/** @returns {string|null} what is wrong, in words for the user */
export function problemOf(variable, raw) {
  const value = valueOf(variable, raw);
  if (value === undefined) return variable.required ? `“${variable.label}” is required.` : null;
  if (isNumeric(variable.type)) return problemOfNumber(variable, value);
  return variable.type === "text" ? problemOfText(variable, value) : null;
}

/** @param {string} type of a variable */
export function isNumeric(type) {
  return type === "number" || type === "integer";
}

function problemOfNumber({ label, type, minimum = -LARGEST, maximum = LARGEST }, value) {
  if (Number.isNaN(value)) return `${label} must be a number.`;
  if (type === "integer" && !Number.isInteger(value)) return `${label} must be a whole number.`;
  if (value >= minimum && value <= maximum) return null;
  return `${label} must be from ${minimum.toLocaleString("en")} to ${maximum.toLocaleString("en")}.`;
}

/** Counts characters as the service does: an emoji is one. */
function problemOfText({ label, maxLength = Infinity }, value) {
  const over = [...value].length - maxLength;
  if (over <= 0) return null;
  return `${label} is ${over} ${over === 1 ? "character" : "characters"} too long.`;
}
