import { clock, date } from "./format.js";
import { cloneTemplate } from "./parts.js";
import { prefersReducedMotion } from "./previews.js";
import { renewExpiredUrl, loadVideo, playVideo } from "./video-element.js";

const RATIO = { least: 0.56, most: 2.4 };

/** One video of the library, which plays while it is hovered or focused. */
export function libraryTile(video, { isNew, onOpen, videos }) {
  const { root, open, screen, new: mark, title, date: day, time } = cloneTemplate("tile");
  const seconds = Math.round(video.durationSeconds);
  const ratio = Math.min(RATIO.most, Math.max(RATIO.least, video.width / video.height));
  root.style.setProperty("--ratio", ratio.toFixed(4));
  title.textContent = video.title;
  day.textContent = date(video.createdAt);
  time.textContent = clock(seconds);
  mark.hidden = !isNew;
  open.ariaLabel = `${video.title}, ${day.textContent}, ${seconds} seconds`;
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
