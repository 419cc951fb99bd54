import { channelOf } from "./generation/tabs.js";
import { element } from "./views/element.js";

const APART = 1_000; // milliseconds

/**
 * Changes, shares and saves videos of the library. Emits `change` (detail: `jobId` and what is
 * different) before the service has answered, and again if the service refuses, in every tab.
 */
export class VideoChanges extends EventTarget {
  #videos;
  /** By job: what the service has, and the changes that wait for its answer, the oldest first. */
  #queues = new Map();
  #otherTabs = channelOf("video-changes");

  constructor(videos) {
    super();
    this.#videos = videos;
    this.#otherTabs?.addEventListener("message", ({ data }) => this.#emit(data));
  }

  /** Changes `title` or `favourite`; changes of one video reach the service in their order. */
  async change({ jobId, ...video }, change) {
    const queue = this.#queues.get(jobId) ?? { known: video, waiting: [], end: Promise.resolve() };
    this.#queues.set(jobId, queue);
    queue.waiting.push(change);
    this.#changed(jobId, change);
    const turn = queue.end.then(() => this.#videos.changeVideo(jobId, change));
    queue.end = turn.catch(() => {});
    try {
      await turn;
      Object.assign(queue.known, change);
    } catch (error) {
      const wanted = Object.assign({}, queue.known, ...queue.waiting.slice(1));
      this.#changed(jobId, Object.fromEntries(Object.keys(change).map((name) => [name, wanted[name]])));
      throw error;
    } finally {
      queue.waiting.shift();
      if (queue.waiting.length === 0) this.#queues.delete(jobId);
    }
  }

  async share({ jobId }) {
    this.#changed(jobId, await this.#videos.share(jobId));
  }

  async revokeShare({ jobId }) {
    await this.#videos.revokeShare(jobId);
    this.#changed(jobId, { shareUrl: undefined });
  }

  /** Saves the files, from fresh addresses; a browser that gets two at once may drop the first. */
  async download(videos) {
    for (const [index, { jobId }] of videos.entries()) {
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, APART));
      const { downloadUrl, key } = await this.#videos.video(jobId);
      element("a", { href: downloadUrl, download: fileName(key) }).click();
    }
  }

  #changed(jobId, change) {
    const detail = { ...change, jobId };
    this.#emit(detail);
    this.#otherTabs?.postMessage(detail);
  }

  #emit(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

export function fileName(key) {
  return key.split("/").at(-1);
}
