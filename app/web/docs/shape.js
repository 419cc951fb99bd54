import { element } from "../views/element.js";
import { line } from "./prose.js";

const BOUNDS = ["pattern", "format", "minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems", "minLength", "default"];

/** The name of the component that a reference leads to. */
const nameOf = ({ $ref }) => $ref.slice($ref.lastIndexOf("/") + 1);

/** Follows references into the document. */
export function followed(node, components) {
  if (!node.$ref) return node;
  return components[node.$ref.split("/").at(-2)][nameOf(node)];
}

/** What a value is, in a few words; a reference leads to its shape. */
export function kind(schema) {
  if (schema.$ref) return [element("a", { href: `#${nameOf(schema)}` }, nameOf(schema))];
  if (schema.enum) return ["one of ", ...listed(schema.enum)];
  if (schema.const !== undefined) return [element("code", {}, JSON.stringify(schema.const))];
  if (schema.oneOf) return schema.oneOf.flatMap((each, at) => [at ? " or " : "", ...kind(each)]);
  if (schema.type === "array") return ["list of ", ...kind(schema.items), ...bounds(schema)];
  return [[schema.type ?? "anything"].flat().join(" or "), ...bounds(schema)];
}

/** The properties of an object, each with what it is and what it means. */
export function properties(schema) {
  return fields(Object.entries(schema.properties ?? {}).map(([name, field]) =>
    row(name, field, schema.required?.includes(name) && "required", field.description)));
}

export function parameter({ name, in: place, required, schema, description = "" }) {
  return row(name, schema, required && "required", `${description} (${place})`.trim());
}

/** A header of an answer, which is there unless it says otherwise. */
export function header(name, { required, schema, description }) {
  return row(name, schema, !required && "sometimes", description);
}

/** Rows beneath each other, where there are any. */
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
  const said = BOUNDS.filter((name) => schema[name] !== undefined);
  return said.flatMap((name) => [", ", name, " ", element("code", {}, String(schema[name]))]);
}
