import { element } from "./element.js";

/**
 * Edits a title where it stands: Enter, or leaving the field, saves it, Escape does not.
 * @param {HTMLElement} title shows the present title
 * @param {(title: string) => void} save
 */
export function editTitle(title, save) {
  if (title.hidden) return; // it is being edited
  const before = title.textContent;
  const opener = document.activeElement;
  const field = element("input", { class: "input title-field", value: before, maxlength: 200, "aria-label": "Title" });
  const end = (isSaved) => {
    if (title.hidden === false) return; // removing the field takes its focus away
    title.hidden = false;
    const hadFocus = document.activeElement === field;
    const given = field.value.trim();
    field.remove();
    if (hadFocus) opener.focus();
    if (isSaved && given && given !== before) save(given);
  };
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // Escape would close the dialog
    end(event.key === "Enter");
  });
  field.addEventListener("blur", () => end(true));
  title.hidden = true;
  title.after(field);
  field.focus();
  field.select();
}
