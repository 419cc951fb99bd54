import { element } from "../views/element.js";
import { line } from "./markdown.js";

const BOUNDS = ["pattern", "format", "minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems", "minLength", "default"];

/** The name of the component that a reference points to. */
const nameOf = ({ $ref }) => $ref.slice($ref.lastIndexOf("/") + 1);

/** Resolves a reference into the document. */
export function resolve(node, components) {
  if (!node.$ref) return node;
  return components[node.$ref.split("/").at(-2)][nameOf(node)];
}

/** A short description of a type; a reference becomes a link to its schema. */
export function kind(schema) {
  if (schema.$ref) return [element("a", { href: `#${nameOf(schema)}` }, nameOf(schema))];
  if (schema.enum) return ["one of ", ...listed(schema.enum)];
  if (schema.const !== undefined) return [element("code", {}, JSON.stringify(schema.const))];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.flatMap((each, at) => [at ? " or " : "", ...kind(each)]);
  if (schema.type === "array") return ["list of ", ...kind(schema.items), ...bounds(schema)];
  return [[schema.type ?? "anything"].flat().join(" or "), ...bounds(schema)];
}

/** The properties of an object with their types and descriptions. */
export function properties(schema) {
  return fields(Object.entries(schema.properties ?? {}).map(([name, field]) =>
    row(name, field, schema.required?.includes(name) && "required", field.description)));
}

export function parameter({ name, in: place, required, schema, description = "" }) {
  return row(name, schema, required && "required", `${description} (${place})`.trim());
}

/** A header of an answer; marked if it is optional. */
export function header(name, { required, schema, description }) {
  return row(name, schema, !required && "sometimes", description);
}

/** A list of rows; false if there are none. */
export function fields(rows) {
  return rows.length > 0 && element("dl", { class: "docs-fields" }, rows);
}

function row(name, schema, mark, note) {
  return element("div", {},
    element("dt", {}, element("code", {}, name), mark ? element("em", {}, ` ${mark}`) : null),
    element("dd", {}, element("span", {}, kind(schema)), note ? element("p", {}, line(note)) : null));
}

const listed = (values) => values.flatMap((value, at) => [at ? ", " : "", element("code", {}, String(value))]);

function bounds(schema) {
  const given = BOUNDS.filter((name) => schema[name] !== undefined);
  return given.flatMap((name) => [", ", name, " ", element("code", {}, String(schema[name]))]);
}
