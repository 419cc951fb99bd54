import { element } from "./element.js";
import { FinishedVideo } from "./finished-video.js";
import { clock, fileSize, length, moment, titleOf } from "./format.js";
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
const OFFLINE = "You are offline. The video is made all the same.";
const UNSENT = "You are offline. The order waits for the connection.";
const TICK = 500;

/**
 * Shows one video: while it is generated, an animated placeholder made from its canvas; then the
 * video. Emits `close`, and `again` (detail: the video).
 */
export class VideoDialog extends EventTarget {
  #modal = new Modal("screen");
  #parts = this.#modal.parts;
  #context;
  #finished;
  #attempt = null;
  #timer;

  constructor(context) {
    super();
    this.#context = context;
    context.attempts.addEventListener("change", ({ detail }) => detail === this.#attempt && this.#update());
    this.#modal.addEventListener("close", () => this.#closed());
    this.#parts.cancel.addEventListener("click", () => this.#cancel());
    this.#finished = new FinishedVideo(context, this.#parts, () => this.#modal.close());
    this.#parts.again.addEventListener("click", () => {
      const detail = this.#finished.video;
      this.#modal.close();
      this.dispatchEvent(new CustomEvent("again", { detail }));
    });
  }

  get isOpen() {
    return this.#modal.isOpen;
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
    this.#finished.hide();
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

  /** Plays a video of the library; `part` is what is open below it: `share`, `details` or nothing. */
  play(video, part) {
    this.#finish(video, [moment(video.createdAt)]);
    this.#modal.open(this.#parts.shut);
    this.#finished.open(part);
  }

  #update() {
    const { status, hasEnded, seconds, isCancelling } = this.#attempt;
    if (status.url) {
      const hadFocus = document.activeElement === this.#parts.leave || document.activeElement === this.#parts.cancel;
      const title = titleOf(status.templateSlug, this.#context.catalogue);
      this.#finish({ ...status, title, favourite: false }, ["Your video is ready", `made in ${clock(seconds)}`]);
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

  #finish(video, facts) {
    if (this.#finished.video?.jobId === video.jobId) return;
    clearInterval(this.#timer);
    this.#show(ratioOf(video), [this.#player(video)]);
    const { durationSeconds, bytes, localPreview } = video;
    const duration = durationSeconds === undefined ? [] : [length(durationSeconds)];
    const size = bytes === undefined ? [] : [fileSize(bytes)];
    const origin = localPreview ? [LOCAL] : [];
    this.#parts.note.textContent = [...facts, ...duration, ...size, ...origin].join("\u00a0· ");
    this.#finished.show(video);
    this.#isDone(true);
  }

  #show(ratio, content) {
    this.#parts.problem.textContent = "";
    this.#parts.screen.style.setProperty("--ratio", ratio);
    this.#parts.screen.replaceChildren(...content);
  }

  #isDone(done) {
    const { waiting, steps, elapsed, done: actions, shut, rename, star, details } = this.#parts;
    for (const part of [waiting, steps, elapsed]) part.hidden = done;
    for (const part of [actions, shut, rename, star, details]) part.hidden = !done;
  }

  /** Plays at once, muted. */
  #player(video) {
    const look = { controls: true, loop: true, playsinline: true, autoplay: true };
    const screen = element("video", { ...look, "aria-label": "The finished video" });
    loadVideo(screen, video);
    renewExpiredUrl(screen, video.jobId, this.#context.videos);
    return screen;
  }

  #tick() {
    const { seconds, templateSlug, status, job, isCancelling } = this.#attempt;
    const { catalogue } = this.#context;
    const { elapsed, note } = this.#parts;
    elapsed.textContent = clock(seconds);
    const origin = status.localPreview ? LOCAL : "";
    const wait = waitLine(catalogue.find(templateSlug), seconds);
    const facts = [titleOf(templateSlug, catalogue), origin, wait].filter(Boolean).join("\u00a0· ");
    const offline = job ? OFFLINE : UNSENT;
    const going = navigator.onLine ? facts : offline;
    const line = isCancelling ? CANCELLING : going;
    if (note.textContent !== line) note.textContent = line;
  }

  async #cancel() {
    if (isDisabled(this.#parts.cancel)) return;
    const { attempts, report } = this.#context;
    const attempt = this.#attempt;
    this.#parts.problem.textContent = "";
    try {
      await attempts.cancel(attempt);
    } catch (error) {
      if (this.shows(attempt)) this.#parts.problem.textContent = `Not cancelled: ${error.message}`;
      else report(error, attempt, () => attempts.cancel(attempt));
    }
  }

  #closed() {
    clearInterval(this.#timer);
    this.#parts.screen.replaceChildren();
    this.#attempt = null;
    this.#finished.hide();
    this.dispatchEvent(new Event("close"));
  }
}
