import { element } from "./element.js";
import { clock, megabytes, moment, titleOf } from "./format.js";
import { showPicture } from "./job-picture.js";
import { Modal } from "./modal.js";
import { disable, isDisabled } from "./parts.js";
import { showStep } from "./steps.js";
import { loadVideo, ratioOf, renewExpiredUrl } from "./video-element.js";
import { waitLine } from "./wait.js";

const GENERATING = "Generating video. This may take a couple of minutes...";
const CANCELLING = "If the model finishes first, the video is yours and is charged.";
const LEAVE = "Close, keep generating";
const LOCAL = "Local preview, made without the model";
const TICK = 500;
const COPIED_FOR = 2500;

/**
 * Shows one video: while it is generated, an animated placeholder made from its canvas; then the
 * video. Emits `close`, and `again` (detail: the video).
 */
export class VideoDialog extends EventTarget {
  #modal = new Modal("screen");
  #parts = this.#modal.parts;
  #context;
  #attempt = null;
  #video = null;
  #timer;

  constructor(context) {
    super();
    this.#context = context;
    context.attempts.addEventListener("change", ({ detail }) => detail === this.#attempt && this.#update());
    this.#modal.addEventListener("close", () => this.#closed());
    this.#parts.cancel.addEventListener("click", () => this.#cancel());
    this.#parts.copy.addEventListener("click", () => this.#copy());
    this.#parts.again.addEventListener("click", () => {
      const detail = this.#video;
      this.#modal.close();
      this.dispatchEvent(new CustomEvent("again", { detail }));
    });
  }

  /** Whether the dialog shows this attempt. */
  shows(attempt) {
    return attempt === this.#attempt;
  }

  /** Shows an attempt until it ends. */
  follow(attempt) {
    const { screen } = this.#parts;
    const glow = element("img", { class: "screen-glow", alt: "" });
    const picture = element("img", { alt: "" });
    this.#attempt = attempt;
    this.#show(attempt.picture.ratio ?? "16 / 10", [glow, element("div", { class: "living" }, picture)]);
    showPicture(glow, attempt);
    showPicture(picture, attempt);
    picture.addEventListener("load", () => {
      const { naturalWidth: width, naturalHeight: height } = picture;
      if (!attempt.picture.ratio) screen.style.setProperty("--ratio", `${width} / ${height}`);
    });
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.#isDone(false);
    this.#modal.open(this.#parts.leave);
    this.#update();
  }

  close() {
    this.#modal.close();
  }

  /** Plays a video of the library. */
  play(video) {
    const { width, height, createdAt } = video;
    this.#finish(video, video.title, [moment(createdAt), `${width} × ${height}`]);
    this.#modal.open(this.#parts.shut);
  }

  #update() {
    const { status, hasEnded, seconds, isCancelling } = this.#attempt;
    if (status.status === "completed") {
      const hadFocus = document.activeElement === this.#parts.leave || document.activeElement === this.#parts.cancel;
      const name = titleOf(status.templateSlug, this.#context.catalogue);
      this.#finish(status, "Your video is ready", [name, `made in ${clock(seconds)}`]);
      if (hadFocus) this.#parts.download.focus();
    } else if (hasEnded) {
      this.#modal.close();
    } else {
      this.#parts.title.textContent = isCancelling ? "Cancelling…" : GENERATING;
      this.#parts.cancel.textContent = isCancelling ? "Cancelling…" : "Cancel";
      this.#parts.leave.textContent = isCancelling ? "Close" : LEAVE;
      disable(this.#parts.cancel, isCancelling || status.stage === "storing");
      showStep(this.#parts.steps, status);
      this.#tick();
    }
  }

  #finish(video, title, facts) {
    if (this.#video?.jobId === video.jobId) return;
    clearInterval(this.#timer);
    this.#show(ratioOf(video), [this.#player(video)]);
    this.#parts.title.textContent = title;
    const { durationSeconds, bytes, localPreview } = video;
    const length = durationSeconds === undefined ? [] : [`${durationSeconds.toFixed(1)} s`];
    const origin = localPreview ? [LOCAL] : [];
    this.#parts.note.textContent = [...facts, ...length, megabytes(bytes), ...origin].join(" · ");
    this.#setDownload(video);
    this.#isDone(true);
  }

  #show(ratio, content) {
    this.#parts.problem.textContent = "";
    this.#parts.screen.style.setProperty("--ratio", ratio);
    this.#parts.screen.replaceChildren(...content);
  }

  #isDone(done) {
    const { waiting, steps, elapsed, done: actions, shut } = this.#parts;
    for (const part of [waiting, steps, elapsed]) part.hidden = done;
    for (const part of [actions, shut]) part.hidden = !done;
  }

  #setDownload(video) {
    this.#video = video;
    this.#parts.download.href = video.url;
    this.#parts.download.download = video.key.split("/").at(-1);
    // Browsers open a file of another host instead of saving it; keep this page open.
    const isOurs = new URL(video.url, location.href).origin === location.origin;
    this.#parts.download.target = isOurs ? "" : "_blank";
  }

  /** Plays at once, muted. */
  #player(video) {
    const look = { controls: true, loop: true, playsinline: true, autoplay: true };
    const screen = element("video", { ...look, "aria-label": "The finished video" });
    loadVideo(screen, video);
    renewExpiredUrl(screen, video.jobId, this.#context.videos, (fresh) => this.#setDownload(fresh));
    return screen;
  }

  #tick() {
    const { seconds, templateSlug, status } = this.#attempt;
    const { catalogue } = this.#context;
    const { elapsed, note } = this.#parts;
    elapsed.textContent = clock(seconds);
    const origin = status.localPreview ? LOCAL : "";
    const wait = waitLine(catalogue.find(templateSlug), seconds);
    const facts = [titleOf(templateSlug, catalogue), origin, wait];
    const line = this.#attempt.isCancelling ? CANCELLING : facts.filter(Boolean).join(" · ");
    if (note.textContent !== line) note.textContent = line;
  }

  async #cancel() {
    if (isDisabled(this.#parts.cancel)) return;
    try {
      await this.#context.attempts.cancel(this.#attempt);
    } catch (error) {
      this.#parts.problem.textContent = `Not cancelled: ${error.message}`;
    }
  }

  async #copy() {
    const { copyText, said, problem } = this.#parts;
    try {
      const { url } = await this.#context.videos.status(this.#video.jobId);
      await navigator.clipboard.writeText(new URL(url, location.href).href);
      copyText.textContent = "Link copied";
      said.textContent = url.includes("?") ? "Link copied. It works for an hour." : "Link copied.";
      problem.textContent = "";
    } catch {
      problem.textContent = "The link could not be copied. Copy it from the video's context menu.";
    }
    setTimeout(() => {
      copyText.textContent = "Copy link";
      said.textContent = "";
    }, COPIED_FOR);
  }

  #closed() {
    clearInterval(this.#timer);
    this.#parts.screen.replaceChildren();
    this.#attempt = this.#video = null;
    this.dispatchEvent(new Event("close"));
  }
}
