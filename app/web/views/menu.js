const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const GAP = 6; // pixels

/** A menu that opens at the button that was pressed; buttons name it as their `popovertarget`. */
export class Menu {
  #root;
  #opener = null;
  #actions = {};

  constructor(id) {
    this.#root = document.getElementById(id);
    this.#root.addEventListener("toggle", ({ newState }) => this.#toggled(newState === "open"));
    addEventListener("resize", () => this.#root.matches(":popover-open") && this.#place());
    this.#root.addEventListener("keydown", (event) => this.#onKey(event));
    this.#root.addEventListener("click", ({ target }) => {
      const item = target.closest("[data-action]");
      if (!item) return;
      this.#root.hidePopover(); // first, because it gives the focus back
      this.#actions[item.dataset.action]();
    });
  }

  /**
   * To call when the button is clicked, before the browser opens the menu.
   * @param {Record<string, () => void>} actions by the items' `data-action`
   */
  prepare(opener, actions) {
    if (this.#opener) this.#opener.ariaExpanded = false;
    this.#opener = opener;
    this.#actions = actions;
    this.#place();
  }

  #place() {
    const { left, right, top, bottom } = this.#opener.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const isLow = (top + bottom) / 2 > clientHeight / 2;
    const isRight = (left + right) / 2 > clientWidth / 2;
    Object.assign(this.#root.style, {
      inset: "auto",
      [isLow ? "bottom" : "top"]: `${(isLow ? clientHeight - top - scrollY : bottom + scrollY) + GAP}px`,
      [isRight ? "right" : "left"]: `${Math.max(GAP, isRight ? clientWidth - right : left)}px`,
      maxHeight: `${(isLow ? top : clientHeight - bottom) - 2 * GAP}px`,
    });
  }

  get #items() {
    return [...this.#root.querySelectorAll("[role^=menuitem]")];
  }

  #toggled(isOpen) {
    this.#opener.ariaExpanded = isOpen;
    if (isOpen) this.#items[0].focus();
  }

  #onKey(event) {
    const items = this.#items;
    const present = items.indexOf(document.activeElement);
    const places = { Home: 0, End: items.length - 1 };
    const place = places[event.key] ?? (present + STEPS[event.key] + items.length) % items.length;
    if (event.key === "Tab") this.#root.hidePopover();
    if (Number.isNaN(place)) return;
    event.preventDefault();
    items[place].focus();
  }
}
