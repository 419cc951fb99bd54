import { element } from "./element.js";

const RENEW_AFTER = 60_000; // milliseconds: an address that fails sooner has not expired

/** Gives a video element something to show, silently. */
export function load(screen, { url, posterUrl }) {
  screen.muted = true; // the attribute alone does nothing for a copy of a template
  screen.poster = posterUrl ?? "";
  screen.src = url;
}

/**
 * An address that has expired is asked for anew; `onFresh` hears of it. Where a fresh one does
 * not help either, that is said over the picture.
 */
export function keepFresh(screen, jobId, videos, onFresh) {
  const lost = element("span", { class: "lost", role: "alert" }, "This video cannot be played just now.");
  let renewed = -Infinity;
  screen.addEventListener("error", async () => {
    const isFresh = Date.now() - renewed < RENEW_AFTER;
    const fresh = isFresh ? null : await videos.status(jobId).catch(() => null);
    if (!screen.isConnected) return;
    if (!fresh?.url) return screen.after(lost);
    renewed = Date.now();
    screen.src = fresh.url;
    onFresh(fresh);
  });
  screen.addEventListener("loadeddata", () => lost.remove());
}

/** Plays, where the browser allows it; a pause that comes first is no failure. */
export function play(screen) {
  screen.play().catch(() => {});
}
