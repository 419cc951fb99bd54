import { STEPS, stageLine } from "./format.js";

/** Shows a job's current step; a stage that is not a step (cancelling) changes nothing. */
export function showStep(steps, status) {
  const present = STEPS.findIndex(([stage]) => stage === status.stage);
  if (present < 0) return;
  [...steps.children].forEach((step, index) => {
    step.classList.toggle("is-past", index < present);
    step.classList.toggle("is-present", index === present);
    step.ariaCurrent = index === present ? "step" : null;
    step.textContent = index === present ? stageLine(status) : STEPS[index][1];
    step.classList.toggle("is-measured", index === present && status.sent !== undefined);
    step.style.setProperty("--sent", status.sent);
  });
}
