import { keepFresh, load, play } from "./footage.js";
import { stamp } from "./parts.js";
import { wantsStillness } from "./previews.js";
import { clock, date } from "./wording.js";

const RATIO = { least: 0.56, most: 2.4 };

/** One video of the library, which plays while it is pointed at or focused. */
export function tileOf(video, { isNew, onOpen, videos }) {
  const { root, open, screen, new: mark, title, date: day, time } = stamp("tile");
  const seconds = Math.round(video.durationSeconds);
  const ratio = Math.min(RATIO.most, Math.max(RATIO.least, video.width / video.height));
  root.style.setProperty("--ratio", ratio.toFixed(4));
  title.textContent = video.title;
  day.textContent = date(video.createdAt);
  time.textContent = clock(seconds);
  mark.hidden = !isNew;
  open.ariaLabel = `${video.title}, ${day.textContent}, ${seconds} seconds`;
  open.addEventListener("click", onOpen);
  load(screen, video);
  keepFresh(screen, video.jobId, videos, () => play(screen));
  const start = () => wantsStillness() || play(screen);
  const stop = () => screen.pause();
  root.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && start());
  root.addEventListener("pointerleave", stop);
  root.addEventListener("focusin", start);
  root.addEventListener("focusout", stop);
  return root;
}
