import { element } from "../views/element.js";
import { commonParts } from "./common.js";
import { paragraphs } from "./markdown.js";
import { operation } from "./operation.js";
import { properties, kind } from "./schema.js";
import { schemes } from "./security.js";

const WIDE = matchMedia("(min-width: 900px)");

/** The routes with a tag: method, path, shared parameters and description. */
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
    paragraphs(schema.description), properties(schema) || element("p", {}, kind(schema)));
}

function text(api, parts) {
  const common = commonParts(api);
  return [
    element("h1", {}, api.info.title, " ", element("small", {}, api.info.version)),
    element("p", { class: "docs-summary" }, api.info.summary),
    ...paragraphs(api.info.description),
    element("p", {}, element("a", { href: "/openapi.json" }, "/openapi.json"), ` · OpenAPI ${api.openapi}`),
    chapter("signing-in", "Signing in",
      element("p", {}, "A route that needs credentials is marked with one of these schemes."), schemes(api.components)),
    chapter("everywhere", "Every request and answer", common.article),
    ...parts.map(([tag, found]) => chapter(tag.name.toLowerCase(), tag.name, paragraphs(tag.description),
      found.map((each) => operation(each, api, common.refs)))),
    chapter("shapes", "Shapes", Object.entries(api.components.schemas).map(shape)),
  ];
}

/** Folds the index on a narrow screen, where it would push the text down. */
function fold() {
  document.getElementById("index").open = WIDE.matches;
}

try {
  const answer = await fetch(new URL("../../../openapi.json", import.meta.url));
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const api = await answer.json();
  const parts = api.tags.map((tag) => [tag, routes(api, tag)]);
  document.getElementById("index").append(...index(parts));
  document.getElementById("text").replaceChildren(...text(api, parts));
  fold();
  WIDE.addEventListener("change", fold);
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  document.getElementById("state").textContent = `The document cannot be read: ${error.message}`;
}
