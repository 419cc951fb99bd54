import { startImageOf } from "./start-image.js";

/** Makes a video again of what a job was made of: with changes in the studio, or as it was. */
export class Again {
  #videos;
  #attempts;
  #studio;

  constructor({ videos, attempts }, studio) {
    this.#videos = videos;
    this.#attempts = attempts;
    this.#studio = studio;
  }

  /**
   * Brings a job's template and words back to the studio at once, and its picture as soon as it is
   * fetched. `made` is an attempt or a video of the library. Resolves with the code of a notice if
   * something cannot be brought back.
   */
  async change(made) {
    const request = this.#requestOf(made);
    const isKnown = this.#studio.restore(made);
    if (!request || !this.#studio.shows(request)) {
      const found = this.#pictureOf(made.jobId, request);
      await this.#studio.showPicture(found.then(({ picture }) => picture));
      const { missing } = await found;
      if (missing) return missing;
    }
    return isKnown ? null : "template_not_found";
  }

  /** Submits what an attempt was made of once more; resolves with null if its picture is missing. */
  async repeat(attempt) {
    if (attempt.request) return this.#attempts.again(attempt);
    const { templateSlug, variables, jobId } = attempt;
    const { picture } = await this.#pictureOf(jobId);
    if (!picture) return null;
    const { url, ratio } = attempt.picture;
    const order = { templateSlug, variables, image: picture };
    return this.#attempts.start({ order, pictureUrl: url, ratio });
  }

  #requestOf({ request, jobId }) {
    return request ?? this.#attempts.find(jobId)?.request;
  }

  /** The picture that this page has sent, or the one that the service has kept. */
  async #pictureOf(jobId, request) {
    const sent = await Promise.resolve(request?.order.image).catch(() => null);
    return sent ? { picture: sent } : startImageOf(await this.#videos.status(jobId));
  }
}
