import { element } from "./element.js";

const RENEW_AFTER = 60_000; // milliseconds; a URL that fails sooner has not expired

/** Sets the source of a muted video element. */
export function loadVideo(video, { url, posterUrl }) {
  video.muted = true; // the attribute has no effect in a cloned template
  video.poster = posterUrl ?? "";
  video.src = url;
}

/**
 * Replaces an expired URL by a fresh one. If the fresh one fails too, shows a message over the
 * picture.
 */
export function renewExpiredUrl(video, jobId, videos) {
  const message = element("span", { class: "lost", role: "alert" }, "This video cannot be played at the moment.");
  let renewed = -Infinity;
  video.addEventListener("error", async () => {
    const isFresh = Date.now() - renewed < RENEW_AFTER;
    const fresh = isFresh ? null : await videos.status(jobId).catch(() => null);
    if (!video.isConnected) return;
    if (!fresh?.url) return video.after(message);
    renewed = Date.now();
    video.src = fresh.url;
    playVideo(video);
  });
  video.addEventListener("loadeddata", () => message.remove());
}

/** Plays if the browser allows it; ignores an interruption by a pause. */
export function playVideo(video) {
  video.play().catch(() => {});
}

/** Width divided by height. A video that the service could not decode has no known sides. */
export function ratioOf({ width, height }) {
  return width === undefined ? 16 / 9 : width / height;
}
