import { element } from "../views/element.js";
import { line } from "./prose.js";

const BOUNDS = ["pattern", "format", "minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems", "minLength", "default"];

/** The name of the component that a reference leads to. */
export const nameOf = ({ $ref }) => $ref.slice($ref.lastIndexOf("/") + 1);

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
  const entries = Object.entries(schema.properties ?? {});
  return entries.length === 0 ? null : element("dl", { class: "docs-fields" },
    entries.map(([name, field]) => row(name, field, schema.required?.includes(name))));
}

/** One named thing: a property, a parameter or a header. */
export function row(name, schema, required, note = schema.description) {
  return element("div", {},
    element("dt", {}, element("code", {}, name), required ? element("em", {}, " required") : null),
    element("dd", {}, element("span", {}, kind(schema)), note ? element("p", {}, line(note)) : null));
}

const listed = (values) => values.flatMap((value, at) => [at ? ", " : "", element("code", {}, String(value))]);

function bounds(schema) {
  const said = BOUNDS.filter((name) => schema[name] !== undefined);
  return said.flatMap((name) => [", ", name, " ", element("code", {}, String(schema[name]))]);
}
