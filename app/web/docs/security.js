import { element } from "../views/element.js";
import { paragraphs, codeBlock } from "./markdown.js";

/** How to authenticate: each scheme and its header. */
export function schemes({ securitySchemes }) {
  return Object.entries(securitySchemes).map(([name, scheme]) =>
    element("article", { id: name, class: "docs-route" }, element("h3", {}, name),
      codeBlock(headerOf(scheme)), paragraphs(scheme.description)));
}

/** Links from a route to the schemes that it accepts. */
export function marks(security) {
  return security.flatMap(Object.keys).map((name) =>
    element("a", { class: "docs-mark", href: `#${name}` }, name));
}

function headerOf({ type, name, bearerFormat }) {
  return type === "http" ? `Authorization: Bearer <${bearerFormat}>` : `${name}: …`;
}
