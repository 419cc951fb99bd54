import { element } from "./element.js";
import { nameOf } from "./format.js";
import { LibrarySelection } from "./library-selection.js";
import { LibraryTile } from "./library-tile.js";
import { Menu } from "./menu.js";

const PLACEHOLDERS = 9;

/**
 * The tiles of the library, and what is done with their videos. Emits `open` (detail: `jobId` and
 * the part of the dialog that is wanted) and `change` when other tiles are shown.
 */
export class LibraryShelf extends EventTarget {
  #context;
  #parts;
  #menu = new Menu("video-menu");
  #selection;
  #tiles = new Map();
  #newJobs = new Set();

  constructor(context, parts) {
    super();
    this.#context = context;
    this.#parts = parts;
    const { deletions } = context;
    this.#selection = new LibrarySelection(parts, {
      tiles: () => this.shown,
      run: {
        favour: (videos) => this.#favour(videos),
        save: (videos) => this.#download(videos),
        remove: (videos) => {
          this.#selection.end();
          deletions.add(videos);
        },
      },
    });
    context.changes.addEventListener("change", ({ detail }) => this.#update(detail));
    deletions.addEventListener("change", () => this.#hideDeleted());
    this.wait();
  }

  get size() {
    return this.#tiles.size;
  }

  get shown() {
    const tiles = [...this.#parts.shelf.children].map(({ dataset }) => this.#tiles.get(dataset.job));
    return tiles.filter((tile) => tile?.isShown);
  }

  find(jobId) {
    return this.#tiles.get(jobId)?.video;
  }

  /** Marks the video as new until it is opened or the page is reloaded. */
  mark(jobId) {
    this.#newJobs.add(jobId);
  }

  unmark(jobId) {
    this.#newJobs.delete(jobId);
    this.#tiles.get(jobId)?.unmark();
  }

  /** Shows placeholders if there is nothing else. */
  wait() {
    const { shelf } = this.#parts;
    shelf.ariaBusy = true;
    if (this.size > 0) return;
    const placeholders = Array.from({ length: PLACEHOLDERS }, () => element("li", { class: "tile wait" }));
    shelf.replaceChildren(...placeholders);
  }

  clear() {
    this.#tiles.clear();
    this.#parts.shelf.replaceChildren();
    this.#parts.shelf.ariaBusy = null;
  }

  append(videos) {
    this.#parts.shelf.append(...this.#newTiles(videos));
  }

  prepend(video) {
    this.#parts.shelf.prepend(...this.#newTiles([video]));
  }

  /** Shows videos whose deletion was undone; returns whether their tiles are still there. */
  restore(videos) {
    const tiles = videos.map(({ jobId }) => this.#tiles.get(jobId)).filter(Boolean);
    for (const tile of tiles) tile.root.hidden = false;
    if (document.hasFocus()) tiles[0]?.focus(); // not if it was undone in another window
    this.dispatchEvent(new Event("change"));
    return tiles.length === videos.length;
  }

  endSelection() {
    this.#selection.end();
  }

  #newTiles(videos) {
    const { deletions } = this.#context;
    const unknown = videos.filter(({ jobId }) => !this.#tiles.has(jobId) && !deletions.has(jobId));
    return unknown.map((video) => this.#newTile(video));
  }

  #newTile(video) {
    const tile = new LibraryTile(video, {
      isNew: this.#newJobs.has(video.jobId),
      videos: this.#context.videos,
      on: {
        open: () => this.#open(tile),
        rename: (title) => this.#change(tile.video, { title }),
        star: () => this.#favour([tile.video], !tile.video.favourite),
        menu: (button) => this.#prepareMenu(tile, button),
        pick: (isRange) => this.#selection.pick(tile, isRange),
      },
    });
    this.#tiles.set(video.jobId, tile);
    this.#selection.join(tile);
    return tile.root;
  }

  #prepareMenu(tile, button) {
    const { deletions, useAgain } = this.#context;
    this.#menu.prepare(button, {
      rename: () => tile.rename(),
      share: () => this.#open(tile, "share"),
      save: () => this.#download([tile.video]),
      details: () => this.#open(tile, "details"),
      again: () => useAgain(tile.video),
      remove: () => deletions.add([tile.video]),
    });
  }

  #open({ video }, part) {
    this.dispatchEvent(new CustomEvent("open", { detail: { jobId: video.jobId, part } }));
  }

  /** Makes all of them favourites; if all are, none of them. */
  #favour(videos, favourite = !videos.every((video) => video.favourite)) {
    for (const video of videos) this.#change(video, { favourite });
    this.#context.announce(`${nameOf(videos)} ${favourite ? "added to" : "removed from"} favourites`);
  }

  #download(videos) {
    this.#context.announce(`Downloading ${nameOf(videos)}`);
    this.#context.reportErrors(() => this.#context.changes.download(videos));
  }

  #change(video, change) {
    this.#context.reportErrors(() => this.#context.changes.change(video, change));
  }

  #update({ jobId, ...change }) {
    const tile = this.#tiles.get(jobId);
    tile?.update({ ...tile.video, ...change });
  }

  #hideDeleted() {
    const tiles = this.shown;
    const held = tiles.findIndex(({ root }) => root.contains(document.activeElement));
    for (const { root, video } of tiles) root.hidden = this.#context.deletions.has(video.jobId);
    this.dispatchEvent(new Event("change"));
    if (held < 0 || tiles[held].isShown) return;
    const next = tiles.slice(held).find((tile) => tile.isShown);
    const last = tiles.slice(0, held).findLast((tile) => tile.isShown);
    (next ?? last ?? this.#parts.root).focus();
  }
}
