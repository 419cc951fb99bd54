import { disable, isDisabled } from "./parts.js";

/** Several videos at once: select, then make favourites, download or delete. */
export class LibrarySelection {
  #parts;
  #tiles;
  #isOn = false;
  #last = null;

  /** @param {{tiles: () => LibraryTile[], run: Record<string, (videos: object[]) => void>}} options */
  constructor(parts, { tiles, run }) {
    const { root, select, all, done } = parts;
    this.#parts = parts;
    this.#tiles = tiles;
    select.addEventListener("click", () => isDisabled(select) || this.#turn(!this.#isOn));
    done.addEventListener("click", () => this.end());
    all.addEventListener("click", () => this.#pickAll());
    for (const [name, action] of Object.entries(run)) {
      parts[name].addEventListener("click", ({ detail }) => {
        if (!isDisabled(parts[name]) && detail < 2) action(this.#picked.map(({ video }) => video));
      });
    }
    root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Prepares a tile that is shown later. */
  join(tile) {
    if (this.#isOn) tile.isPickable = true;
  }

  /** With Shift, all tiles from the last one on become as this one. */
  pick(tile, isRange) {
    const tiles = this.#tiles();
    const [from, to] = [tiles.indexOf(isRange ? this.#last : tile), tiles.indexOf(tile)];
    const range = tiles.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of from < 0 ? [tile] : range) each.isPicked = tile.isPicked;
    this.#last = tile;
    this.#show();
  }

  end() {
    if (this.#isOn) this.#turn(false);
  }

  get #picked() {
    return this.#tiles().filter((tile) => tile.isPicked);
  }

  #turn(isOn) {
    const { select, selection } = this.#parts;
    const hadFocus = selection.contains(document.activeElement);
    this.#isOn = isOn;
    this.#last = null;
    select.ariaPressed = isOn;
    selection.hidden = !isOn;
    for (const tile of this.#tiles()) tile.isPickable = isOn;
    if (hadFocus) select.focus();
    this.#show();
  }

  #pickAll() {
    const tiles = this.#tiles();
    const isPicked = this.#picked.length < tiles.length;
    for (const tile of tiles) tile.isPicked = isPicked;
    this.#show();
  }

  #show() {
    const { count, favour, save, remove } = this.#parts;
    const picked = this.#picked.length;
    count.textContent = `${picked} selected`;
    for (const button of [favour, save, remove]) disable(button, picked === 0);
  }

  #onKey(event) {
    if (!this.#isOn || event.target.matches("input:not([type=checkbox])")) return;
    const isAll = (event.ctrlKey || event.metaKey) && event.key === "a";
    if (isAll) this.#pickAll();
    else if (event.key === "Escape") this.end();
    else return;
    event.preventDefault();
  }
}
