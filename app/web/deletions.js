import { OWN } from "./addresses.js";
import { localStore } from "./views/browser-storage.js";

const UNDO_FOR = 15_000; // milliseconds
const HOLD_FOR = 600_000; // milliseconds; the longest time to decide, also after a crash
const BEING_SENT = 0; // a time that is over for every clock
const MISDATED = 2 * HOLD_FOR; // milliseconds ahead that a clock which was ahead has noted

/**
 * Deletes videos, after a time in which it can be undone. A deletion stays noted in the browser's
 * storage until the service has confirmed it, so that none is lost: a page that is hidden or closed
 * sends it at once, in a request that outlives the page, and the next page sends what did not arrive.
 * Emits `change` when something can be undone or no longer, or is deleted in another tab, and `undo`
 * (detail: the videos), also of another tab.
 */
export class Deletions extends EventTarget {
  #context;
  #undoable = [];
  #sent = new Set();
  #sending = new Set();
  #timer;

  constructor(context) {
    super();
    this.#context = context;
    addEventListener("storage", (event) => this.#followOtherTab(event));
    addEventListener("pagehide", () => this.#leave());
    // The last event that a phone is sure to send.
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
  }

  /** The videos that were deleted last, while it can be undone. */
  get undoable() {
    return this.#undoable;
  }

  /** Whether the video is deleted or is to be, in any tab. */
  has(jobId) {
    return this.#sent.has(jobId) || jobId in this.#noted;
  }

  add(videos) {
    this.#setTime(BEING_SENT); // those before
    this.#undoable = videos;
    this.#setTime(Date.now() + UNDO_FOR);
    this.#changed();
    this.#settle();
  }

  undo() {
    const videos = this.#undoable;
    this.#forget(videos.map(({ jobId }) => jobId));
    this.#undoable = [];
    this.#changed();
    this.dispatchEvent(new CustomEvent("undo", { detail: videos }));
  }

  /** Gives more time while the user is about to decide. */
  hold(isHeld) {
    if (this.#undoable.length === 0) return;
    this.#setTime(Date.now() + (isHeld ? HOLD_FOR : UNDO_FOR));
    this.#settle();
  }

  /** Sends what is due, also what an earlier page has left. */
  async settle() {
    clearTimeout(this.#timer);
    const now = Date.now();
    const noted = Object.entries(this.#noted);
    const due = noted.filter(([, time]) => isDue(time)).map(([jobId]) => jobId);
    const next = Math.min(...noted.map(([, time]) => time).filter((time) => !isDue(time)));
    if (next < Infinity) this.#timer = setTimeout(() => this.#settle(), next - now);
    if (this.#undoable.some(({ jobId }) => due.includes(jobId))) {
      this.#undoable = [];
      this.#changed();
    }
    await Promise.all(due.map((jobId) => this.#send(jobId)));
  }

  async #send(jobId) {
    if (this.#sending.has(jobId)) return;
    this.#sending.add(jobId);
    this.#setTime(BEING_SENT, [jobId]);
    try {
      await this.#context.videos.deleteVideo(jobId);
    } catch (error) {
      if (error.code !== "video_not_found") throw error; // it arrived before, from another page
    } finally {
      this.#sending.delete(jobId);
    }
    this.#sent.add(jobId);
    this.#forget([jobId]);
  }

  #settle() {
    this.#context.reportErrors(() => this.settle());
  }

  #leave() {
    this.#setTime(BEING_SENT);
    this.#settle();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** What is no longer noted is sent if that was noted before, and else was undone. */
  #followOtherTab({ key, oldValue, newValue }) {
    if (key !== OWN + this.#key) return;
    const left = JSON.parse(newValue ?? "{}");
    const gone = Object.entries(JSON.parse(oldValue ?? "{}")).filter(([jobId]) => !(jobId in left));
    const [undone, sent] = [[], []];
    for (const [jobId, time] of gone) (time === BEING_SENT ? sent : undone).push({ jobId });
    for (const { jobId } of sent) this.#sent.add(jobId);
    const noted = this.#noted; // newer than what the event tells
    if (this.#undoable.some(({ jobId }) => !noted[jobId])) this.#undoable = []; // sent by the other tab
    this.#changed();
    if (undone.length > 0) this.dispatchEvent(new CustomEvent("undo", { detail: undone }));
  }

  /** When each video is to be deleted, by job id. */
  get #noted() {
    return JSON.parse(localStore.get(this.#key) ?? "{}");
  }

  set #noted(noted) {
    localStore.set(this.#key, Object.keys(noted).length > 0 ? JSON.stringify(noted) : null);
  }

  get #key() {
    return `deletions/${this.#context.owner()}`;
  }

  #setTime(time, jobIds = this.#undoable.map(({ jobId }) => jobId)) {
    const times = jobIds.map((jobId) => [jobId, time]);
    this.#noted = { ...this.#noted, ...Object.fromEntries(times) };
  }

  #forget(jobIds) {
    const left = Object.entries(this.#noted).filter(([jobId]) => !jobIds.includes(jobId));
    this.#noted = Object.fromEntries(left);
  }
}

function isDue(time) {
  return time <= Date.now() || time > Date.now() + MISDATED;
}
