import { noticeFor } from "./views/error-notices.js";
import { Toasts } from "./views/toasts.js";

/** The service's own troubles, which are over when the stream is live again. */
const OF_THE_SERVICE = ["database_unavailable", "identity_unavailable", "too_busy", "shutting_down"];
/** What several requests meet at once, for one cause. */
const SHARED = ["offline", "unauthenticated", ...OF_THE_SERVICE];
/** After these an attempt can be repeated as it was. */
const PASSING = ["offline", "too_many_jobs", ...OF_THE_SERVICE];

/** Tells what went wrong, in toasts, and takes it back when it is over. */
export class Troubles {
  #toasts = new Toasts();
  #actionsFor;

  /** @param actionsFor `(attempt, again) =>` what the buttons do, by the names in `data-action` */
  constructor({ session, account, attempts }, actionsFor) {
    this.#actionsFor = actionsFor;
    session.addEventListener("change", () => session.state === "in" && this.#toasts.resolve("signIn"));
    for (const asked of [session, account]) {
      asked.addEventListener("change", () => session.state !== "unknown" && this.#toasts.overcome("offline"));
    }
    attempts.addEventListener("end", ({ detail }) => detail.job && this.#toasts.overcome("too_many_jobs"));
  }

  /** Tells of an error; of an attempt that failed, unless `again` says what else is to be repeated. */
  report(error, attempt, again) {
    const actions = this.#actionsFor(attempt, again);
    const notice = noticeFor(error, actions);
    if (SHARED.includes(error.code)) {
      if (attempt) this.#toasts.dismiss(error.code);
      else if (this.#toasts.tellOf(error.code)) return; // the toast of an attempt can repeat it
    }
    const isOfCanvas = notice.action === "canvas";
    const canRepeat = attempt && !again && PASSING.includes(error.code);
    const code = error.code === "too_many_jobs" ? "not_started" : "unanswered";
    this.#toasts.show({
      ...notice,
      kind: attempt?.key ?? (isOfCanvas ? "canvas" : error.code),
      cause: error.code,
      of: !attempt && isOfCanvas ? "studio" : "",
      afterwards: canRepeat ? noticeFor({ code }, actions) : null,
    });
  }

  /** Removes what has been said, because the user starts something new. */
  clear() {
    this.#toasts.clear();
  }

  /** Removes what asks for something that has been done. */
  resolve(action) {
    this.#toasts.resolve(action);
  }

  /** The user has gone from one view to another one. */
  moved(from, to) {
    this.#toasts.leave(from);
    this.#toasts.resolve(to);
  }

  recovered() {
    this.#toasts.overcome("offline");
  }

  /** The service sends updates, so it is well. */
  live() {
    OF_THE_SERVICE.forEach((code) => this.#toasts.overcome(code));
  }
}
