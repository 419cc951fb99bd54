import { element } from "../views/element.js";
import { paragraphs, codeBlock, section } from "./markdown.js";
import { fields, resolve, header, kind, parameter, properties } from "./schema.js";
import { marks } from "./security.js";

/** One route, without the parameters and headers in `commonRefs`, which every route shares. */
export function operation({ method, path, common, route }, { components, security }, commonRefs) {
  const own = [...(route.parameters ?? []), ...common].filter(({ $ref }) => !commonRefs.has($ref));
  return element("article", { id: route.operationId, class: "docs-route" },
    element("h3", {}, element("span", { class: "docs-method" }, method.toUpperCase()), ` ${path} `,
      marks(route.security ?? security)),
    element("p", { class: "docs-summary" }, route.summary),
    paragraphs(route.description),
    section("Takes", fields(own.map((each) => parameter(resolve(each, components))))),
    section("Body", ...Object.entries(route.requestBody?.content ?? {}).map(([type, { schema }]) =>
      element("div", {}, element("p", {}, element("code", {}, type), " ", kind(schema)),
        properties(resolve(schema, components))))),
    section("Answers", ...Object.entries(route.responses).map(([status, each]) =>
      answer(status, each, components, commonRefs))));
}

function answer(status, { description, headers, content = {} }, components, commonRefs) {
  const own = Object.entries(headers).filter(([, { $ref }]) => !commonRefs.has($ref));
  return element("details", {},
    element("summary", {}, element("strong", {}, status), " ", description.replaceAll("`", "").replaceAll("\n", " ")),
    fields(own.map(([name, each]) => header(name, resolve(each, components)))),
    Object.entries(content).map(([type, media]) => element("div", {},
      element("p", {}, element("code", {}, type), " ", media.schema ? kind(media.schema) : null),
      Object.values(media.examples ?? {}).map((each) => {
        const { summary, value } = resolve(each, components);
        return element("figure", {}, element("figcaption", {}, summary ?? "For example"), codeBlock(value));
      }))));
}
