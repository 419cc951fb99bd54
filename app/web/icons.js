const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name one of the symbols in index.html, which are there for the first paint
 * @returns {SVGElement} 24 by 24, in the text's colour, hidden from screen readers
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}
