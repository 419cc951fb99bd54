/** Gives a video element something to show, silently. */
export function load(screen, { url, posterUrl }) {
  screen.muted = true; // the attribute alone does nothing for a copy of a template
  screen.poster = posterUrl ?? "";
  screen.src = url;
}

/** An address that has expired is asked for anew, once; `onFresh` hears of it. */
export function keepFresh(screen, jobId, videos, onFresh) {
  const renew = async () => {
    const fresh = await videos.status(jobId).catch(() => null);
    if (!fresh?.url || !screen.isConnected) return;
    screen.src = fresh.url;
    onFresh(fresh);
  };
  screen.addEventListener("error", renew, { once: true });
}

/** Plays, where the browser allows it; a pause that comes first is no failure. */
export function play(screen) {
  screen.play().catch(() => {});
}
