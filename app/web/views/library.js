import { Router } from "../router.js";
import { LibraryFilters } from "./library-filters.js";
import { LibraryShelf } from "./library-shelf.js";
import { disable, sectionOf } from "./parts.js";

const PAGE_SIZE = 24;

/** The user's videos, with endless scrolling and filters; each opens in a dialog. */
export class LibraryView {
  #context;
  #screen;
  #parts = sectionOf("library");
  #filters;
  #shelf;
  #cursor = null;
  #request = null;
  #isStale = true;
  #isPlaying = false;
  /** The part of the dialog that opens with the next video. */
  #part;
  #endObserver;

  constructor(context, screen) {
    const { router, deletions, reportErrors } = context;
    const { more, end, retry } = this.#parts;
    this.#context = context;
    this.#screen = screen;
    this.#filters = new LibraryFilters(this.#parts, {
      onType: (query) => {
        router.replace("library", query);
        reportErrors(() => this.enter(router.location.query));
      },
      onChoose: (query) => router.go("library", query),
    });
    this.#shelf = new LibraryShelf(context, this.#parts);
    this.#shelf.addEventListener("change", () => this.#showWhetherEmpty());
    this.#shelf.addEventListener("open", ({ detail: { jobId, part } }) => {
      this.#part = part;
      router.go("library", { ...this.#filters.query, video: jobId });
    });
    deletions.addEventListener("undo", ({ detail }) => {
      if (!this.#shelf.restore(detail)) reportErrors(() => this.#reload());
    });
    const load = () => reportErrors(() => this.#load());
    more.addEventListener("click", load);
    retry.addEventListener("click", load);
    const reach = ([{ isIntersecting }]) => isIntersecting && !more.hidden && load();
    this.#endObserver = new IntersectionObserver(reach, { rootMargin: "600px" });
    this.#endObserver.observe(end);
    screen.addEventListener("close", () => this.#isPlaying && this.#leavePlayer());
    this.showTemplates(context.catalogue.templates);
  }

  /** Fills the filter; templates arrive after the page is shown. */
  showTemplates(templates) {
    this.#filters.showTemplates(templates);
  }

  /** Adds a finished video at the top, without reloading, so the scroll position stays. */
  async add(jobId, { isNew }) {
    const { router, videos } = this.#context;
    const isHere = router.location.view === "library";
    if (isNew) this.#shelf.mark(jobId);
    if (!isHere || this.#isStale) {
      this.#isStale = true;
      return isHere && this.enter(router.location.query);
    }
    const video = await videos.video(jobId);
    if (this.#isStale || !this.#filters.matches(video)) return undefined;
    this.#shelf.prepend(video);
    return this.#showWhetherEmpty();
  }

  async enter(query) {
    const jobId = query.get("video");
    const isBehind = jobId && this.#shelf.size > 0;
    const isOther = this.#filters.read(query);
    if (isOther || (this.#isStale && !isBehind)) await this.#reload();
    if (jobId) await this.#open(jobId);
    else if (this.#isPlaying) this.#screen.close();
  }

  leave() {
    this.#filters.settle();
    this.#shelf.endSelection();
  }

  /** Loads the first page; what is shown stays until it is there. */
  async #reload() {
    this.#isStale = true;
    this.#request?.abort();
    this.#request = this.#cursor = null;
    this.#parts.more.hidden = this.#parts.empty.hidden = true;
    this.#shelf.wait();
    await this.#load();
  }

  async #load() {
    if (this.#request) return;
    const request = new AbortController();
    const { signal } = request;
    const cursor = this.#cursor ?? undefined;
    this.#request = request;
    try {
      const { wanted } = this.#filters;
      const page = await this.#context.videos.library({ limit: PAGE_SIZE, cursor, ...wanted, signal });
      if (!cursor) this.#shelf.clear();
      if (!cursor) this.#isStale = false;
      this.#show(page);
      if (!cursor && this.#filters.isAny) this.#announceFound();
    } catch (error) {
      if (signal.aborted) return;
      if (!cursor) this.#shelf.clear();
      this.#parts.trouble.hidden = false;
      throw error;
    } finally {
      if (this.#request === request) this.#request = null;
    }
  }

  #show({ videos, nextCursor }) {
    const { more, end, trouble } = this.#parts;
    this.#shelf.append(videos);
    this.#context.titles.note(videos);
    this.#cursor = nextCursor;
    more.hidden = nextCursor === null;
    trouble.hidden = true;
    this.#showWhetherEmpty();
    this.#endObserver.unobserve(end); // observe again: an end that stays visible fires no event
    this.#endObserver.observe(end);
  }

  #showWhetherEmpty() {
    const { empty, emptyTitle, emptyText, emptyLink, emptyAll, select } = this.#parts;
    const { isAny, query } = this.#filters;
    const isEmpty = !this.#isStale && this.#shelf.shown.length === 0 && this.#cursor === null;
    empty.hidden = !isEmpty;
    disable(select, isEmpty);
    emptyTitle.textContent = isAny ? "No video found" : "Nothing here yet";
    emptyText.textContent = isAny ? this.#nothingFound : "Finished videos appear here, newest first.";
    emptyAll.hidden = !isAny;
    emptyLink.hidden = Boolean(query.q);
    emptyLink.href = Router.link("studio", query.template ? { template: query.template } : {});
  }

  get #nothingFound() {
    return this.#filters.describe(this.#context.catalogue);
  }

  #announceFound() {
    const count = this.#shelf.shown.length;
    const found = count === 1 ? "1 video" : `${count} videos${this.#cursor ? " and more" : ""}`;
    this.#context.announce(count === 0 ? this.#nothingFound : found);
  }

  async #open(jobId) {
    const { router, videos } = this.#context;
    const part = this.#part;
    this.#part = undefined;
    try {
      const video = this.#shelf.find(jobId) ?? (await videos.video(jobId));
      if (router.location.query.get("video") !== jobId) return;
      this.#isPlaying = true;
      this.#shelf.unmark(jobId);
      this.#screen.play(video, part);
    } catch (error) {
      if (router.location.query.get("video") !== jobId) return;
      this.#leavePlayer();
      throw error;
    }
  }

  /** Removes the closed video from the URL, without a history entry, and catches up with new ones. */
  #leavePlayer() {
    const { router, reportErrors } = this.#context;
    this.#isPlaying = false;
    if (router.location.query.has("video")) router.replace("library", this.#filters.query);
    if (this.#isStale && router.location.view === "library") reportErrors(() => this.#reload());
  }
}
