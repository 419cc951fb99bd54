import { icon } from "../icons.js";
import { localStore } from "./browser-storage.js";

const THEMES = ["auto", "dark", "light"];

/** Cycles through auto, dark and light; first-paint.js reads the stored choice. */
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
    localStore.set("theme", theme === "auto" ? null : theme);
    show(theme);
  });
  show(root.dataset.theme ?? "auto");
}
