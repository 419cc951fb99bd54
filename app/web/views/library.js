import { Router } from "../router.js";
import { element } from "./element.js";
import { sectionOf } from "./parts.js";
import { tileOf } from "./tile.js";
import { titleOf } from "./wording.js";

const PAGE = 24;
const WAITING = 9;

/** The user's videos: endless, filtered by template, each opens large. */
export class LibraryView {
  #context;
  #screen;
  #parts = sectionOf("library");
  #videos = new Map();
  #fresh = new Set();
  #slug = "";
  #cursor = null;
  #asking = null;
  #isStale = true;
  #isPlaying = false;
  #watch;

  constructor(context, screen) {
    this.#context = context;
    this.#screen = screen;
    const { filter, more, end, retry } = this.#parts;
    const load = () => context.attempt(() => this.#load());
    filter.addEventListener("change", () => context.router.go("library", queryOf(filter.value)));
    more.addEventListener("click", load);
    retry.addEventListener("click", load);
    const reach = ([{ isIntersecting }]) => isIntersecting && !more.hidden && load();
    this.#watch = new IntersectionObserver(reach, { rootMargin: "600px" });
    this.#watch.observe(end);
    screen.addEventListener("close", () => this.#leavePlayer());
    this.showTemplates([]);
    this.#clear();
  }

  /** The templates are known only a moment after the page. */
  showTemplates(templates) {
    const options = [{ slug: "", title: "All templates" }, ...templates];
    this.#parts.filter.replaceChildren(
      ...options.map(({ slug, title }) => element("option", { value: slug }, title)),
    );
    this.#parts.filter.value = this.#slug;
  }

  /** A video that has just been finished: marked until the page is loaded anew. */
  async add(jobId) {
    const { view, query } = this.#context.router.place;
    const isHere = view === "library";
    this.#fresh.add(jobId);
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
    this.#asking?.abort();
    this.#asking = this.#cursor = null;
    this.#videos.clear();
    const waiting = Array.from({ length: WAITING }, () => element("li", { class: "tile wait" }));
    this.#parts.shelf.replaceChildren(...waiting);
    this.#parts.more.hidden = this.#parts.empty.hidden = true;
  }

  async #load() {
    if (this.#asking) return;
    const asking = new AbortController();
    const { signal } = asking;
    const { shelf, trouble } = this.#parts;
    const cursor = this.#cursor ?? undefined;
    this.#asking = asking;
    try {
      const templateSlug = this.#slug || undefined;
      const page = await this.#context.videos.library({ limit: PAGE, cursor, templateSlug, signal });
      if (!cursor) shelf.replaceChildren();
      this.#isStale = false;
      this.#show(page);
    } catch (error) {
      if (signal.aborted) return;
      if (!cursor) shelf.replaceChildren();
      trouble.hidden = false;
      throw error;
    } finally {
      if (this.#asking === asking) this.#asking = null;
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
    this.#watch.unobserve(end); // and observed anew: an end that stays in view says nothing more
    this.#watch.observe(end);
  }

  /** In its place at once: whoever is deep in the library stays there. */
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
    return tileOf(video, { isNew: this.#fresh.has(video.jobId), onOpen, videos });
  }

  async #open(jobId) {
    const { router, videos } = this.#context;
    const video = this.#videos.get(jobId) ?? (await videos.status(jobId));
    if (router.place.query.get("video") !== jobId) return;
    if (!video.url) return this.#leavePlayer();
    this.#isPlaying = true;
    this.#screen.play(this.#titled(video));
  }

  /** Only the library's own answer brings a title. */
  #titled(video) {
    const title = video.title ?? titleOf(video.templateSlug, this.#context.catalogue);
    return { ...video, title };
  }

  /** A closed player leaves the address, without a step in the history. */
  #leavePlayer() {
    const { router } = this.#context;
    this.#isPlaying = false;
    if (router.place.query.has("video")) router.restate("library", queryOf(this.#slug));
  }
}

function queryOf(slug) {
  return slug ? { template: slug } : {};
}
