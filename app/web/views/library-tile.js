import { clock, date } from "./format.js";
import { cloneTemplate } from "./parts.js";
import { prefersReducedMotion, stillUrl } from "./previews.js";
import { showStar } from "./star.js";
import { editTitle } from "./title-field.js";
import { loadVideo, playVideo, ratioOf, renewExpiredUrl } from "./video-element.js";

const RATIO = { least: 0.7, most: 2.4 };

/** One video of the library, which plays while it is hovered or focused. */
export class LibraryTile {
  #parts = cloneTemplate("tile");
  #onRename;

  /** @param {{isNew: boolean, videos: VideoGeneration, on: Record<string, Function>}} options */
  constructor(video, { isNew, videos, on }) {
    const { root, picture, open, more, star, pick, title, time } = this.#parts;
    const ratio = Math.min(RATIO.most, Math.max(RATIO.least, ratioOf(video)));
    this.#onRename = on.rename;
    root.style.setProperty("--ratio", ratio.toFixed(4));
    root.dataset.job = video.jobId;
    this.#parts.new.hidden = !isNew;
    this.#parts.date.textContent = date(video.createdAt);
    time.hidden = video.durationSeconds === undefined;
    if (!time.hidden) time.textContent = clock(Math.round(video.durationSeconds));
    open.addEventListener("click", () => on.open());
    star.addEventListener("click", () => on.star());
    more.addEventListener("click", () => on.menu(more));
    pick.addEventListener("click", ({ shiftKey }) => on.pick(shiftKey));
    title.addEventListener("dblclick", () => this.rename());
    root.addEventListener("keydown", (event) => event.key === "F2" && this.rename());
    this.#showPoster(video, videos);
    this.#playOn(picture, open, videos);
    this.update(video);
  }

  get root() {
    return this.#parts.root;
  }

  get isShown() {
    return !this.root.hidden;
  }

  get isPicked() {
    return this.#parts.pick.checked;
  }

  set isPicked(isPicked) {
    this.#parts.pick.checked = isPicked;
  }

  /** Whether a press picks the video instead of opening it. */
  set isPickable(isPickable) {
    const { open, pick, star, more } = this.#parts;
    for (const button of [open, star, more]) button.inert = isPickable;
    pick.hidden = !isPickable;
    pick.checked = false;
  }

  update(video) {
    const { open, pick, star, more, title, shared } = this.#parts;
    this.video = video;
    title.textContent = title.title = video.title;
    shared.hidden = !video.shareUrl;
    open.ariaLabel = `Play ${video.title}`;
    pick.ariaLabel = `Select ${video.title}`;
    more.ariaLabel = `More: ${video.title}`;
    showStar(star, video);
  }

  unmark() {
    this.#parts.new.hidden = true;
  }

  rename() {
    editTitle(this.#parts.title, this.#onRename);
  }

  focus() {
    const { open, pick } = this.#parts;
    (pick.hidden ? open : pick).focus();
  }

  /** An expired address is renewed once; without a poster, the template's picture is shown. */
  #showPoster({ jobId, posterUrl, templateSlug }, videos) {
    const { poster } = this.#parts;
    const still = stillUrl(templateSlug);
    const onError = async () => {
      const fresh = await videos.video(jobId).catch(() => null);
      poster.addEventListener("error", () => (poster.src = still), { once: true });
      poster.src = fresh?.posterUrl ?? still;
    };
    poster.addEventListener("error", onError, { once: true });
    poster.src = posterUrl ?? still;
  }

  #playOn(picture, open, videos) {
    const { screen } = this.#parts;
    const start = () => {
      if (prefersReducedMotion() || open.inert) return;
      loadVideo(screen, { url: this.video.url });
      playVideo(screen);
    };
    const stop = () => {
      screen.pause();
      screen.removeAttribute("src");
      screen.load(); // frees what was loaded, and shows the poster again
    };
    renewExpiredUrl(screen, this.root.dataset.job, videos);
    picture.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && start());
    picture.addEventListener("pointerleave", stop);
    open.addEventListener("focus", () => open.matches(":focus-visible") && start());
    open.addEventListener("blur", stop);
  }
}
