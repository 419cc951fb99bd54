import { assetUrl } from "../addresses.js";
import { icon } from "../icons.js";
import { PREVIEWS } from "../previews/index.js";
import { localStore } from "./browser-storage.js";
import { loadVideo, playVideo } from "./video-element.js";

const KEY = "previews";
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * The templates' preview videos. They play while visible, unless the user prefers reduced motion.
 * The buttons pause them, as WCAG 2.2.2 requires for anything that moves by itself.
 */
export class Previews {
  #plays = localStore.get(KEY) !== "paused" && !reducedMotion.matches;
  #visible = new Map();
  #buttons = document.querySelectorAll("[data-previews]");
  #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) this.#playIfVisible(target, isIntersecting);
    this.#forgetRemoved();
  }, { threshold: 0.25 });

  constructor() {
    reducedMotion.addEventListener("change", () => this.#set(!reducedMotion.matches));
    for (const button of this.#buttons) {
      button.addEventListener("click", () => {
        this.#set(!this.#plays);
        localStore.set(KEY, this.#plays ? null : "paused");
      });
    }
    this.#set(this.#plays);
  }

  show(video, slug) {
    loadVideo(video, { url: previewUrl(slug, "mp4"), posterUrl: stillUrl(slug) });
    this.#observer.observe(video);
    this.#playIfVisible(video, this.#visible.get(video));
  }

  #set(plays) {
    this.#plays = plays;
    const name = plays ? "Pause previews" : "Play previews";
    for (const button of this.#buttons) {
      button.ariaLabel = name;
      button.firstElementChild.replaceWith(icon(plays ? "pause" : "play"));
      if (button.children[1]) button.children[1].textContent = name;
    }
    for (const [video, isVisible] of this.#visible) this.#playIfVisible(video, isVisible);
  }

  #forgetRemoved() {
    for (const video of this.#visible.keys()) {
      if (video.isConnected) continue;
      this.#visible.delete(video);
      this.#observer.unobserve(video);
    }
  }

  #playIfVisible(video, isVisible) {
    this.#visible.set(video, isVisible);
    if (this.#plays && isVisible) playVideo(video);
    else video.pause();
  }
}

/** The URL of a template's still picture. */
export function stillUrl(slug) {
  return previewUrl(slug, "webp");
}

export function prefersReducedMotion() {
  return reducedMotion.matches;
}

/** Templates are rows in the database, so some may have no preview of their own. */
function previewUrl(slug, kind) {
  const name = PREVIEWS.includes(slug) ? slug : "any";
  return assetUrl(`previews/${name}.${kind}`);
}
