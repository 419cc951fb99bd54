/** What screen readers announce about the canvas. */

export function nameOf({ kind, text, bitmap }) {
  if (text) return `Text “${text.trim().slice(0, 40)}”`;
  return kind ? kind[0].toUpperCase() + kind.slice(1) : bitmap ? "Picture" : "Background";
}

export function measuresOf({ x, y, width, height, angle }) {
  const exact = [x - width / 2, y - height / 2, width, height, angle];
  const [left, top, wide, high, degrees] = exact.map(Math.round);
  return `At ${left}, ${top}, ${wide} by ${high}, turned ${degrees} degrees`;
}

export function labelOf({ aspect, scene, subject }) {
  const contents = `Canvas ${aspect}, objects: ${scene.objects.length}`;
  return subject ? `${contents}. ${nameOf(subject)} selected` : contents;
}
