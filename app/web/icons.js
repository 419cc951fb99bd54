const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name one of the page's symbols: index.html holds them, so that its first paint
 *   has them too
 * @returns {SVGElement} 24 by 24, drawn in the text's colour, silent to screen readers
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
