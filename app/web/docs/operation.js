import { element } from "../views/element.js";
import { prose, sample } from "./prose.js";
import { kind, nameOf, properties, row } from "./shape.js";

/** Follows references into the document. */
export function followed(node, components) {
  if (!node.$ref) return node;
  return components[node.$ref.split("/").at(-2)][nameOf(node)];
}

/** One route: what it takes, and everything that it answers. */
export function operation(method, path, { components, common, told }) {
  const fields = [...(told.parameters ?? []), ...common].map((each) => followed(each, components));
  return element("article", { id: told.operationId, class: "docs-route" },
    element("h3", {}, element("span", { class: "docs-method" }, method.toUpperCase()), " ", path),
    element("p", { class: "docs-summary" }, told.summary, told.security?.length === 0 ? " · no token" : ""),
    prose(told.description),
    section("Takes", element("dl", { class: "docs-fields" }, fields.map((each) => row(each.name, each.schema,
      each.required, `${each.description ?? ""} (${each.in})`.trim())))),
    told.requestBody ? section("Body", Object.entries(told.requestBody.content).map(([type, { schema }]) =>
      element("div", {}, element("p", {}, element("code", {}, type), " ", kind(schema)),
        properties(followed(schema, components))))) : null,
    section("Answers", Object.entries(told.responses).map((each) => answer(each, components))));
}

function section(title, ...content) {
  return element("section", {}, element("h4", {}, title), ...content);
}

function answer([status, { description, headers = {}, content = {} }], components) {
  return element("details", {},
    element("summary", {}, element("strong", {}, status), " ", description.replaceAll("`", "").replaceAll("\n", " ")),
    element("dl", { class: "docs-fields" }, Object.entries(headers).map(([name, each]) => {
      const header = followed(each, components);
      return row(name, header.schema, header.required, header.description);
    })),
    Object.entries(content).map(([type, media]) => element("div", {},
      element("p", {}, element("code", {}, type), " ", media.schema ? kind(media.schema) : null),
      Object.values(media.examples ?? {}).map((each) => {
        const { summary, value } = followed(each, components);
        return element("figure", {}, element("figcaption", {}, summary ?? "For example"), sample(value));
      }))));
}
