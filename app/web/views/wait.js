const LONG = 90; // seconds that are not yet told in minutes
const STEP = 5;

/** What recent videos of a template say about the time to wait; empty if too little is known. */
export function waitLine(template, seconds) {
  const { from, to } = template?.waitSeconds ?? {};
  if (to === undefined) return "";
  return seconds > to ? "longer than usual" : `usually ${range(from, to)}`;
}

/** Rounded outwards: the range is to hold for most. */
function range(from, to) {
  const isShort = to <= LONG;
  const [unit, name] = isShort ? [STEP, "seconds"] : [60, "minutes"];
  const count = (rounded) => (isShort ? rounded * STEP : rounded);
  const [low, high] = [count(Math.floor(from / unit)), count(Math.ceil(to / unit))];
  if (low === 0) return `up to ${high} ${name}`;
  return `${low} to ${high} ${name}`;
}
