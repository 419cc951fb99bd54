import { fileName } from "../video-changes.js";
import { element } from "./element.js";
import { fileSize, length, moment, titleOf } from "./format.js";
import { ShareBox } from "./share-box.js";
import { showStar } from "./star.js";
import { editTitle } from "./title-field.js";

const CODECS = { h264: "H.264", hevc: "H.265", av1: "AV1", vp9: "VP9" };

/** What the video dialog says about a finished video, and what can be done with it. */
export class FinishedVideo {
  #context;
  #parts;
  #share;

  /** The video that is shown, as in the library; null if there is none. */
  video = null;

  constructor(context, parts, close) {
    const { changes, deletions, reportErrors } = context;
    const change = (what) => reportErrors(() => changes.change(this.video, what));
    this.#context = context;
    this.#parts = parts;
    this.#share = new ShareBox(context, parts);
    changes.addEventListener("change", ({ detail }) => this.#update(detail));
    parts.rename.addEventListener("click", () => editTitle(parts.title, (title) => change({ title })));
    parts.star.addEventListener("click", () => change({ favourite: !this.video.favourite }));
    parts.download.addEventListener("click", (event) => {
      event.preventDefault(); // the address may have expired
      if (event.detail < 2) reportErrors(() => changes.download([this.video]));
    });
    parts.remove.addEventListener("click", () => {
      const { video } = this;
      close();
      deletions.add([video]);
    });
  }

  show(video) {
    this.#parts.download.href = video.downloadUrl;
    this.#parts.download.download = fileName(video.key);
    this.#parts.details.open = false;
    this.#parts.facts.replaceChildren(...this.#facts(video).flatMap(factRow));
    this.#share.open(false);
    this.video = video;
    this.#update(video);
  }

  /** Opens what is below the video. */
  open(part) {
    const { details, share } = this.#parts;
    if (part === "share") {
      this.#share.open(true);
      share.focus();
    }
    if (part !== "details") return;
    details.open = true;
    details.firstElementChild.focus();
  }

  hide() {
    this.video = null;
    this.#share.open(false);
  }

  #update({ jobId, ...change }) {
    if (this.video?.jobId !== jobId) return;
    this.video = { ...this.video, ...change };
    this.#parts.title.textContent = this.video.title;
    showStar(this.#parts.star, this.video);
    this.#share.show(this.video);
  }

  #facts({ templateSlug, variables, durationSeconds, width, height, bytes, codec, createdAt, key }) {
    const { catalogue } = this.#context;
    const known = catalogue.find(templateSlug)?.variables ?? [];
    const labels = new Map(known.map(({ name, label }) => [name, label]));
    const names = new Set([...labels.keys(), ...Object.keys(variables)]); // in the form's order
    return [
      ["Template", titleOf(templateSlug, catalogue)],
      ...[...names].map((name) => [labels.get(name) ?? name, variables[name] || undefined]),
      ["Length", durationSeconds && length(durationSeconds)],
      ["Picture", width && `${width} × ${height}`],
      ["Size", bytes && fileSize(bytes)],
      ["Codec", CODECS[codec] ?? codec],
      ["Made", moment(createdAt)],
      ["File", fileName(key)],
    ].filter(([, value]) => value !== undefined);
  }
}

function factRow([name, value]) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, String(value)));
}
