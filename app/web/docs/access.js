import { element } from "../views/element.js";
import { prose, sample } from "./prose.js";

/** How to say who is calling: every scheme, and the header that it takes. */
export function schemes({ securitySchemes }) {
  return Object.entries(securitySchemes).map(([name, scheme]) =>
    element("article", { id: name, class: "docs-route" }, element("h3", {}, name),
      sample(taken(scheme)), prose(scheme.description)));
}

/** The marks of a route that asks who is calling; each leads to its scheme. */
export function marks(security) {
  return security.flatMap(Object.keys).map((name) =>
    element("a", { class: "docs-mark", href: `#${name}` }, name));
}

function taken({ type, name, bearerFormat }) {
  return type === "http" ? `Authorization: Bearer <${bearerFormat}>` : `${name}: …`;
}
