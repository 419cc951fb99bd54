import { channelOf } from "./generation/tabs.js";
import { element } from "./views/element.js";

const APART = 1_000; // milliseconds

/**
 * Changes, shares and saves videos of the library. Emits `change` (detail: `jobId` and what is
 * different) before the service has answered, and again if the service refuses, in every tab.
 */
export class VideoChanges extends EventTarget {
  #videos;
  #turns = new Map();
  #otherTabs = channelOf("video-changes");

  constructor(videos) {
    super();
    this.#videos = videos;
    this.#otherTabs?.addEventListener("message", ({ data }) => this.#emit(data));
  }

  /** Changes `title` or `favourite`; changes of one video reach the service in their order. */
  async change({ jobId, ...video }, change) {
    this.#changed(jobId, change);
    const before = this.#turns.get(jobId) ?? Promise.resolve();
    const turn = before.then(() => this.#videos.changeVideo(jobId, change));
    this.#turns.set(jobId, turn.catch(() => {}));
    try {
      await turn;
    } catch (error) {
      const old = Object.keys(change).map((name) => [name, video[name]]);
      this.#changed(jobId, Object.fromEntries(old));
      throw error;
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
