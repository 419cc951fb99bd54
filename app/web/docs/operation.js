import { element } from "../views/element.js";
import { marks } from "./access.js";
import { prose, sample, section } from "./prose.js";
import { fields, followed, header, kind, parameter, properties } from "./shape.js";

/** One route: what it takes and answers beyond what every route does, which is `told`. */
export function operation({ method, path, common, route }, { components, security }, told) {
  const own = [...(route.parameters ?? []), ...common].filter(({ $ref }) => !told.has($ref));
  return element("article", { id: route.operationId, class: "docs-route" },
    element("h3", {}, element("span", { class: "docs-method" }, method.toUpperCase()), ` ${path} `,
      marks(route.security ?? security)),
    element("p", { class: "docs-summary" }, route.summary),
    prose(route.description),
    section("Takes", fields(own.map((each) => parameter(followed(each, components))))),
    section("Body", ...Object.entries(route.requestBody?.content ?? {}).map(([type, { schema }]) =>
      element("div", {}, element("p", {}, element("code", {}, type), " ", kind(schema)),
        properties(followed(schema, components))))),
    section("Answers", ...Object.entries(route.responses).map(([status, each]) =>
      answer(status, each, components, told))));
}

function answer(status, { description, headers, content = {} }, components, told) {
  const own = Object.entries(headers).filter(([, { $ref }]) => !told.has($ref));
  return element("details", {},
    element("summary", {}, element("strong", {}, status), " ", description.replaceAll("`", "").replaceAll("\n", " ")),
    fields(own.map(([name, each]) => header(name, followed(each, components)))),
    Object.entries(content).map(([type, media]) => element("div", {},
      element("p", {}, element("code", {}, type), " ", media.schema ? kind(media.schema) : null),
      Object.values(media.examples ?? {}).map((each) => {
        const { summary, value } = followed(each, components);
        return element("figure", {}, element("figcaption", {}, summary ?? "For example"), sample(value));
      }))));
}
