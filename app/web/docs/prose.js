import { element } from "../views/element.js";

const MARK = /(`[^`]+`|\*\*[^*]+\*\*)/;
const FENCED = /^```\w*\n([^]*)\n```$/;

/** The document's little Markdown in one line: code and bold. */
export function line(text) {
  return text.split(MARK).map((part) => {
    if (part.startsWith("`")) return element("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
    return part;
  });
}

/** Its paragraphs, and code between fences. */
export function prose(text = "") {
  const paragraphs = text.trim().split(/\n{2,}/).filter(Boolean);
  return paragraphs.map((paragraph) => {
    const [, code] = paragraph.match(FENCED) ?? [];
    return code ? sample(code) : element("p", {}, line(paragraph));
  });
}

/** Something as it is sent: JSON, or a text. */
export function sample(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return element("pre", { tabindex: "0" }, text);
}

/** A titled part of a route, where there is anything in it. */
export function section(title, ...content) {
  return content.some(Boolean) && element("section", {}, element("h4", {}, title), ...content);
}
