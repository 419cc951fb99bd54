import { element } from "../views/element.js";
import { operation } from "./operation.js";
import { prose } from "./prose.js";
import { properties, kind } from "./shape.js";

/** Every route in the order of its tag: method, path and what is told of it. */
function routes({ paths, components }, tag) {
  return Object.entries(paths).flatMap(([path, { parameters: common, ...methods }]) =>
    Object.entries(methods)
      .filter(([, told]) => told.tags.includes(tag.name))
      .map(([method, told]) => ({ method, path, told, common, components })));
}

function index(parts) {
  return parts.map(([tag, found]) => element("section", {}, element("h2", {}, tag.name), element("ul", {},
    found.map(({ method, path, told }) => element("li", {}, element("a", { href: `#${told.operationId}` },
      element("span", { class: "docs-method" }, method.toUpperCase()), " ", path))))));
}

function shape([name, schema]) {
  return element("article", { id: name, class: "docs-route" }, element("h3", {}, name),
    prose(schema.description), properties(schema) ?? element("p", {}, kind(schema)));
}

function text(told, parts) {
  return [
    element("h1", {}, told.info.title, " ", element("small", {}, told.info.version)),
    element("p", { class: "docs-summary" }, told.info.summary),
    prose(told.info.description),
    element("p", {}, element("a", { href: "/openapi.json" }, "/openapi.json"), ` · OpenAPI ${told.openapi}`),
    parts.map(([tag, found]) => element("section", {}, element("h2", {}, tag.name), prose(tag.description),
      found.map(({ method, path, ...rest }) => operation(method, path, rest)))),
    element("section", {}, element("h2", {}, "Shapes"), Object.entries(told.components.schemas).map(shape)),
  ].flat();
}

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const told = await answer.json();
  const parts = told.tags.map((tag) => [tag, routes(told, tag)]);
  document.getElementById("index").append(...index(parts));
  document.getElementById("text").replaceChildren(...text(told, parts).flat());
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  document.getElementById("state").textContent = `The document cannot be read: ${error.message}`;
}
