import { Router } from "../router.js";
import { element } from "./element.js";
import { titleOf } from "./format.js";
import { libraryTile } from "./library-tile.js";
import { sectionOf } from "./parts.js";

const PAGE_SIZE = 24;
const PLACEHOLDERS = 9;

/** The user's videos, with endless scrolling and a template filter; each opens in a dialog. */
export class LibraryView {
  #context;
  #screen;
  #parts = sectionOf("library");
  #videos = new Map();
  #newJobs = new Set();
  #slug = "";
  #cursor = null;
  #request = null;
  #isStale = true;
  #isPlaying = false;
  #endObserver;

  constructor(context, screen) {
    this.#context = context;
    this.#screen = screen;
    const { filter, more, end, retry } = this.#parts;
    const load = () => context.reportErrors(() => this.#load());
    filter.addEventListener("change", () => context.router.go("library", queryOf(filter.value)));
    more.addEventListener("click", load);
    retry.addEventListener("click", load);
    const reach = ([{ isIntersecting }]) => isIntersecting && !more.hidden && load();
    this.#endObserver = new IntersectionObserver(reach, { rootMargin: "600px" });
    this.#endObserver.observe(end);
    screen.addEventListener("close", () => this.#leavePlayer());
    this.showTemplates([]);
    this.#clear();
  }

  /** Fills the filter; templates arrive after the page is shown. */
  showTemplates(templates) {
    const options = [{ slug: "", title: "All templates" }, ...templates];
    this.#parts.filter.replaceChildren(
      ...options.map(({ slug, title }) => element("option", { value: slug }, title)),
    );
    this.#parts.filter.value = this.#slug;
  }

  /** Adds a finished video, marked as new until the page is reloaded. */
  async add(jobId) {
    const { view, query } = this.#context.router.location;
    const isHere = view === "library";
    this.#newJobs.add(jobId);
    if (isHere && !this.#isStale) return this.#prepend(await this.#context.videos.status(jobId));
    this.#isStale = true;
    return isHere && this.enter(query);
  }

  async enter(query) {
    const slug = query.get("template") ?? "";
    const jobId = query.get("video");
    const isBehind = jobId && this.#videos.size > 0;
    if (slug !== this.#slug || (this.#isStale && !isBehind)) {
      this.#slug = this.#parts.filter.value = slug;
      this.#clear();
      await this.#load();
    }
    if (jobId) await this.#open(jobId);
    else if (this.#isPlaying) this.#screen.close();
  }

  #clear() {
    this.#isStale = true;
    this.#request?.abort();
    this.#request = this.#cursor = null;
    this.#videos.clear();
    const placeholders = Array.from({ length: PLACEHOLDERS }, () => element("li", { class: "tile wait" }));
    this.#parts.shelf.replaceChildren(...placeholders);
    this.#parts.more.hidden = this.#parts.empty.hidden = true;
  }

  async #load() {
    if (this.#request) return;
    const request = new AbortController();
    const { signal } = request;
    const { shelf, trouble } = this.#parts;
    const cursor = this.#cursor ?? undefined;
    this.#request = request;
    try {
      const templateSlug = this.#slug || undefined;
      const page = await this.#context.videos.library({ limit: PAGE_SIZE, cursor, templateSlug, signal });
      if (!cursor) shelf.replaceChildren();
      this.#isStale = false;
      this.#show(page);
    } catch (error) {
      if (signal.aborted) return;
      if (!cursor) shelf.replaceChildren();
      trouble.hidden = false;
      throw error;
    } finally {
      if (this.#request === request) this.#request = null;
    }
  }

  #show({ videos, nextCursor }) {
    const { shelf, more, end, empty, emptyTitle, emptyLink, trouble } = this.#parts;
    const unknown = videos.filter(({ jobId }) => !this.#videos.has(jobId));
    shelf.append(...unknown.map((video) => this.#tile(video)));
    this.#cursor = nextCursor;
    more.hidden = nextCursor === null;
    trouble.hidden = true;
    empty.hidden = this.#videos.size > 0;
    emptyTitle.textContent = this.#slug ? "No video of this template yet" : "Nothing here yet";
    emptyLink.href = Router.link("studio", queryOf(this.#slug));
    this.#endObserver.unobserve(end); // observe again: an end that stays visible fires no event
    this.#endObserver.observe(end);
  }

  /** Inserts a video at the top without reloading, so the scroll position stays. */
  #prepend(video) {
    const isWanted = !this.#slug || this.#slug === video.templateSlug;
    if (!isWanted || this.#isStale || this.#videos.has(video.jobId)) return;
    this.#parts.shelf.prepend(this.#tile(this.#titled(video)));
    this.#parts.empty.hidden = true;
  }

  #tile(video) {
    this.#videos.set(video.jobId, video);
    const { router, videos } = this.#context;
    const onOpen = () => router.go("library", { ...queryOf(this.#slug), video: video.jobId });
    return libraryTile(video, { isNew: this.#newJobs.has(video.jobId), onOpen, videos });
  }

  async #open(jobId) {
    const { router, videos } = this.#context;
    const video = this.#videos.get(jobId) ?? (await videos.status(jobId));
    if (router.location.query.get("video") !== jobId) return;
    if (!video.url) return this.#leavePlayer();
    this.#isPlaying = true;
    this.#screen.play(this.#titled(video));
  }

  /** Adds a title, which only the library's answers contain. */
  #titled(video) {
    const title = video.title ?? titleOf(video.templateSlug, this.#context.catalogue);
    return { ...video, title };
  }

  /** Removes the closed video from the URL, without a history entry. */
  #leavePlayer() {
    const { router } = this.#context;
    this.#isPlaying = false;
    if (router.location.query.has("video")) router.replace("library", queryOf(this.#slug));
  }
}

function queryOf(slug) {
  return slug ? { template: slug } : {};
}
