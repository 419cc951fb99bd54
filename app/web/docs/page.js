import { element } from "../views/element.js";
import { schemes } from "./access.js";
import { everywhere } from "./everywhere.js";
import { operation } from "./operation.js";
import { prose } from "./prose.js";
import { properties, kind } from "./shape.js";

const WIDE = matchMedia("(min-width: 900px)");

/** Every route in the order of its tag: method, path and what is told of it. */
function routes({ paths }, tag) {
  return Object.entries(paths).flatMap(([path, { parameters: common, ...methods }]) =>
    Object.entries(methods)
      .filter(([, route]) => route.tags.includes(tag.name))
      .map(([method, route]) => ({ method, path, common, route })));
}

function index(parts) {
  const chapters = [["signing-in", "Signing in"], ["everywhere", "Every request and answer"], ["shapes", "Shapes"]];
  return [
    element("ul", {}, chapters.map(([id, title]) => link(id, title))),
    ...parts.map(([tag, found]) => element("section", {}, element("h2", {}, tag.name), element("ul", {},
      found.map(({ method, path, route }) => link(route.operationId,
        element("span", { class: "docs-method" }, method.toUpperCase()), " ", path))))),
  ];
}

function link(id, ...content) {
  return element("li", {}, element("a", { href: `#${id}` }, ...content));
}

function chapter(id, title, ...content) {
  return element("section", { id }, element("h2", {}, title), ...content);
}

function shape([name, schema]) {
  return element("article", { id: name, class: "docs-route" }, element("h3", {}, name),
    prose(schema.description), properties(schema) || element("p", {}, kind(schema)));
}

function text(told, parts) {
  const common = everywhere(told);
  return [
    element("h1", {}, told.info.title, " ", element("small", {}, told.info.version)),
    element("p", { class: "docs-summary" }, told.info.summary),
    ...prose(told.info.description),
    element("p", {}, element("a", { href: "/openapi.json" }, "/openapi.json"), ` · OpenAPI ${told.openapi}`),
    chapter("signing-in", "Signing in",
      element("p", {}, "A route that asks who is calling is marked with one of these."), schemes(told.components)),
    chapter("everywhere", "Every request and answer", common.drawn),
    ...parts.map(([tag, found]) => chapter(tag.name.toLowerCase(), tag.name, prose(tag.description),
      found.map((each) => operation(each, told, common.told)))),
    chapter("shapes", "Shapes", Object.entries(told.components.schemas).map(shape)),
  ];
}

/** On a narrow screen the index is folded: it would come before everything else. */
function fold() {
  document.getElementById("index").open = WIDE.matches;
}

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const told = await answer.json();
  const parts = told.tags.map((tag) => [tag, routes(told, tag)]);
  document.getElementById("index").append(...index(parts));
  document.getElementById("text").replaceChildren(...text(told, parts));
  fold();
  WIDE.addEventListener("change", fold);
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  document.getElementById("state").textContent = `The document cannot be read: ${error.message}`;
}
