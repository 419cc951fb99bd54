import { clock, date } from "./format.js";
import { cloneTemplate } from "./parts.js";
import { prefersReducedMotion } from "./previews.js";
import { loadVideo, playVideo, ratioOf, renewExpiredUrl } from "./video-element.js";

const RATIO = { least: 0.56, most: 2.4 };

/** One video of the library, which plays while it is hovered or focused. */
export function libraryTile(video, { isNew, onOpen, videos }) {
  const { root, open, screen, new: mark, title, date: day, time } = cloneTemplate("tile");
  const ratio = Math.min(RATIO.most, Math.max(RATIO.least, ratioOf(video)));
  root.style.setProperty("--ratio", ratio.toFixed(4));
  title.textContent = video.title;
  day.textContent = date(video.createdAt);
  mark.hidden = !isNew;
  open.ariaLabel = `${video.title}, ${day.textContent}`;
  time.hidden = video.durationSeconds === undefined;
  if (!time.hidden) {
    const seconds = Math.round(video.durationSeconds);
    time.textContent = clock(seconds);
    open.ariaLabel += `, ${seconds} seconds`;
  }
  open.addEventListener("click", onOpen);
  loadVideo(screen, video);
  renewExpiredUrl(screen, video.jobId, videos, () => playVideo(screen));
  const start = () => prefersReducedMotion() || playVideo(screen);
  const stop = () => screen.pause();
  root.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && start());
  root.addEventListener("pointerleave", stop);
  root.addEventListener("focusin", start);
  root.addEventListener("focusout", stop);
  return root;
}
