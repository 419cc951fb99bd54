/** Formats numbers, times and stages. */

const dateAndTime = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
const thisYear = new Intl.DateTimeFormat("en", dateAndTime);
const anyYear = new Intl.DateTimeFormat("en", { ...dateAndTime, year: "numeric" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const sizes = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const STEPS = [
  ["submitting", "Submitting"],
  ["queued", "In the queue"],
  ["generating", "Generating"],
  ["storing", "Storing"],
];

export function credits(number) {
  return number === 1 ? "1 credit" : `${number} credits`;
}

/** Minutes and seconds, as on a clock: 0:07, 12:40. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function moment(time) {
  const at = new Date(time);
  return (at.getFullYear() === new Date().getFullYear() ? thisYear : anyYear).format(at);
}

export function date(time) {
  return day.format(new Date(time));
}

export function length(seconds) {
  return `${seconds.toFixed(1)}\u00a0s`;
}

export function fileSize(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)}\u00a0kB` : `${sizes.format(bytes / 1e6)}\u00a0MB`;
}

/** How the page names a user. */
export function userName(user) {
  return user?.email || user?.user || "";
}

/** The title of one video, or how many they are. */
export function nameOf(videos) {
  return videos.length === 1 ? `“${videos[0].title}”` : `${videos.length} videos`;
}

/** One line about an unfinished job, for the activity view and for screen readers. */
export function stageLine({ stage, queuePosition, sent = 1 }) {
  if (stage === "cancelling") return "Cancelling…";
  if (stage === "submitting" && sent < 1) return `Sending ${Math.floor(sent * 100)}\u00a0%`;
  if (stage === "queued" && queuePosition !== undefined) {
    return queuePosition === 0 ? "Next in the queue" : `Number ${queuePosition + 1} in the queue`;
  }
  return STEPS.find(([name]) => name === stage)?.[1] ?? "Waiting";
}

/** The template's title; made from the slug if it is not in the catalogue any more. */
export function titleOf(slug, catalogue) {
  const title = catalogue.find(slug)?.title;
  if (title) return title;
  const words = slug.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The texts of an order that are not the template's own. */
export function wordsOf(variables, slug, catalogue) {
  const known = catalogue.find(slug)?.variables ?? [];
  const texts = known.filter(({ name, type, default: usual }) => type === "text" && variables[name] !== usual);
  return texts.map(({ name }) => variables[name]).filter(Boolean).join(", ");
}
