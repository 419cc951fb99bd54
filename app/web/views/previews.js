import { icon } from "../icons.js";
import { PREVIEWS } from "../previews/index.js";
import { load, play } from "./footage.js";
import { lasting } from "./memory.js";

const KEY = "previews";
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * The templates' moving previews: they play while they are seen, unless the user wants stillness.
 * What moves by itself must be possible to stop, hence the buttons.
 */
export class Previews {
  #plays = lasting.get(KEY) !== "paused" && !calm.matches;
  #seen = new Map();
  #buttons = document.querySelectorAll("[data-previews]");
  #watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) this.#settle(target, isIntersecting);
    this.#forgetGone();
  }, { threshold: 0.25 });

  constructor() {
    calm.addEventListener("change", () => this.#set(!calm.matches));
    for (const button of this.#buttons) {
      button.addEventListener("click", () => {
        this.#set(!this.#plays);
        lasting.set(KEY, this.#plays ? null : "paused");
      });
    }
    this.#set(this.#plays);
  }

  show(video, slug) {
    load(video, { url: addressOf(slug, "mp4"), posterUrl: pictureOf(slug) });
    this.#watch.observe(video);
    this.#settle(video, this.#seen.get(video));
  }

  #set(plays) {
    this.#plays = plays;
    const name = plays ? "Pause previews" : "Play previews";
    for (const button of this.#buttons) {
      button.ariaLabel = name;
      button.firstElementChild.replaceWith(icon(plays ? "pause" : "play"));
      if (button.children[1]) button.children[1].textContent = name;
    }
    for (const [video, isSeen] of this.#seen) this.#settle(video, isSeen);
  }

  #forgetGone() {
    for (const video of this.#seen.keys()) {
      if (video.isConnected) continue;
      this.#seen.delete(video);
      this.#watch.unobserve(video);
    }
  }

  #settle(video, isSeen) {
    this.#seen.set(video, isSeen);
    if (this.#plays && isSeen) play(video);
    else video.pause();
  }
}

/** A template's still picture. */
export function pictureOf(slug) {
  return addressOf(slug, "webp");
}

export function wantsStillness() {
  return calm.matches;
}

/** A template is a row in the database: there may be some that nobody drew a preview for. */
function addressOf(slug, kind) {
  const name = PREVIEWS.includes(slug) ? slug : "any";
  return new URL(`../previews/${name}.${kind}`, import.meta.url).href;
}
