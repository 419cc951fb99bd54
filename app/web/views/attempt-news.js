import { CompletionNotice } from "./completion-notice.js";
import { stageLine, titleOf } from "./format.js";

/** Tells what becomes of attempts: in badges, to screen readers, by toasts, and to who looks elsewhere. */
export class AttemptNews {
  #context;
  #shell;
  #dialog;
  #library;
  #completion;
  /** Jobs whose hold is part of the balance that was shown last. */
  #held = new Set();
  /** The stage announced last, by attempt. */
  #announced = new WeakMap();

  constructor(context, { shell, dialog, library }) {
    this.#context = context;
    this.#shell = shell;
    this.#dialog = dialog;
    this.#library = library;
    this.#completion = new CompletionNotice(shell);
    const { attempts } = context;
    attempts.addEventListener("change", ({ detail }) => this.#changed(detail));
    attempts.addEventListener("end", ({ detail }) => this.#ended(detail));
    attempts.addEventListener("cancel-failed", ({ detail: { error, attempt } }) =>
      context.report(error, attempt, () => attempts.cancel(attempt)),
    );
  }

  #changed(attempt) {
    this.#shell.showRunning(this.#context.attempts.underWay.length);
    if (attempt.job && !this.#held.has(attempt.job.id)) {
      this.#held.add(attempt.job.id);
      this.#refreshBalance();
    }
    const line = attempt.hasEnded ? "" : stageLine({ stage: attempt.status.stage });
    if (line && this.#announced.get(attempt) !== line) this.#announce(attempt, line);
  }

  #ended(attempt) {
    const { status, error, jobId } = attempt.status;
    if (attempt.error?.code !== "offline") this.#refreshBalance();
    if (attempt.error?.code === "aborted") return this.#announce(attempt, "cancelled");
    const failure = attempt.error ?? (status === "failed" ? { ...error, jobId } : null);
    if (failure) {
      this.#tell(attempt, "A video failed", "activity");
      return this.#context.report(failure, attempt);
    }
    if (status === "cancelled") return this.#announce(attempt, "cancelled");
    if (!attempt.status.url) return undefined; // deleted already, on another machine
    const isInLibrary = this.#context.router.location.view === "library";
    const isNew = !this.#dialog.shows(attempt);
    if (isNew && !isInLibrary) this.#shell.showNewVideo();
    this.#context.reportErrors(() => this.#library.add(jobId, { isNew }));
    this.#tell(attempt, "Your video is ready", "library", { video: jobId });
    return this.#announce(attempt, "is ready");
  }

  #refreshBalance() {
    this.#context.reportErrors(() => this.#context.account.refresh());
  }

  /** The view is where a click on the notification leads. */
  #tell({ templateSlug, jobId: tag }, title, view, query) {
    const text = titleOf(templateSlug, this.#context.catalogue);
    const open = () => this.#context.router.go(view, query);
    this.#completion.tell({ title, text, tag, open });
  }

  /** Announces a stage once, without the queue position, which changes too often. */
  #announce(attempt, line) {
    this.#announced.set(attempt, line);
    this.#shell.announce(`${titleOf(attempt.templateSlug, this.#context.catalogue)}: ${line}`);
  }
}
