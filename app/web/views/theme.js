import { icon } from "../icons.js";
import { lasting } from "./memory.js";

const THEMES = ["auto", "dark", "light"];

/** Makes the button go round: as the system, dark, light. first-paint.js reads what was chosen. */
export function themeButton(button) {
  const root = document.documentElement;
  const show = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.ariaLabel = button.title = `Theme: ${theme}`;
    button.replaceChildren(icon(theme));
  };
  button.addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
    lasting.set("theme", theme === "auto" ? null : theme);
    show(theme);
  });
  show(root.dataset.theme ?? "auto");
}
