import { element } from "../views/element.js";

const MARK = /(`[^`]+`|\*\*[^*]+\*\*)/;
const FENCED = /^```\w*\n([^]*)\n```$/;

/** Renders the inline Markdown that the document uses: code and bold. */
export function line(text) {
  return text.split(MARK).map((part) => {
    if (part.startsWith("`")) return element("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
    return part;
  });
}

/** Renders paragraphs and fenced code. */
export function paragraphs(text = "") {
  const blocks = text.trim().split(/\n{2,}/).filter(Boolean);
  return blocks.map((block) => {
    const [, code] = block.match(FENCED) ?? [];
    return code ? codeBlock(code) : element("p", {}, line(block));
  });
}

/** A code block with JSON or text. */
export function codeBlock(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return element("pre", { tabindex: "0" }, text);
}

/** A section with a title; false if it has no content. */
export function section(title, ...content) {
  return content.some(Boolean) && element("section", {}, element("h4", {}, title), ...content);
}
