import { Account, Catalogue, Identity } from "./account.js";
import { Attempts } from "./attempts.js";
import { Deletions } from "./deletions.js";
import { subject } from "./generation/client.js";
import { Router } from "./router.js";
import { VideoChanges } from "./video-changes.js";
import { GenerationError, VideoGeneration } from "./video-generation.js";
import { ActivityView } from "./views/activity.js";
import { CreditsView } from "./views/credits.js";
import { noticeFor } from "./views/error-notices.js";
import { stageLine, titleOf } from "./views/format.js";
import { showGallery } from "./views/gallery.js";
import { Previews } from "./views/previews.js";
import { Shell } from "./views/shell.js";
import { SignIn } from "./views/sign-in.js";
import { StudioView } from "./views/studio.js";
import { Toasts } from "./views/toasts.js";
import { UndoBar } from "./views/undo-bar.js";
import { VideoDialog } from "./views/video-dialog.js";

const SERVICE = new URL("../..", import.meta.url).href.replace(/\/$/, ""); // also under a prefix
const VIEWS = ["studio", "templates", "library", "activity", "credits"];

/** Connects the parts of the page: which events they receive, and what each action does. */
class Page {
  #identity = new Identity();
  #videos = new VideoGeneration({ baseUrl: SERVICE, getToken: () => this.#identity.token });
  #router = new Router(VIEWS);
  #account = new Account(this.#videos);
  #catalogue = new Catalogue(this.#videos);
  #attempts = new Attempts(this.#videos);
  #context = {
    videos: this.#videos,
    attempts: this.#attempts,
    account: this.#account,
    catalogue: this.#catalogue,
    router: this.#router,
    changes: new VideoChanges(this.#videos),
    announce: (text) => this.#shell.announce(text),
    owner: () => subject(this.#identity.token) ?? "",
    reportErrors: (action) => this.#reportErrors(action),
    report: (error) => this.#report(error),
  };
  #owner = this.#context.owner();
  #deletions = (this.#context.deletions = new Deletions(this.#context));
  #toasts = new Toasts();
  #previews = new Previews();
  #dialog = new VideoDialog(this.#context);
  #signIn = new SignIn(this.#identity, this.#account);
  #studio = new StudioView(this.#context, this.#previews, (request) => this.#animate(request));
  #libraryView = null;
  #activity = new ActivityView(this.#context, {
    watch: (attempt) => this.#dialog.follow(attempt),
    change: (attempt) => this.#change(attempt.templateSlug),
    play: (attempt) => this.#router.go("library", { video: attempt.job.id }),
  });
  #views = {
    studio: this.#studio,
    templates: {},
    library: {
      enter: async (query) => (await this.#library()).enter(query),
      leave: () => this.#reportErrors(async () => (await this.#libraryView)?.leave()),
    },
    activity: this.#activity,
    credits: new CreditsView(this.#context),
  };
  #shell = new Shell({
    onSignIn: () => this.#signIn.open(),
    isSignedIn: Boolean(this.#identity.token),
  });
  #view = null;
  /** Jobs whose hold is part of the balance that was shown last. */
  #held = new Set();
  /** The stage announced last, by attempt. */
  #announced = new Map();

  constructor() {
    this.#router.addEventListener("change", () => this.#show());
    this.#attempts.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.#attempts.addEventListener("end", ({ detail }) => this.#ended(detail));
    this.#attempts.addEventListener("cancel-failed", ({ detail: { error, attempt } }) =>
      this.#report(error, attempt),
    );
    this.#account.addEventListener("change", () => this.#shell.showBalance(this.#account.credits));
    this.#dialog.addEventListener("again", ({ detail }) => this.#change(detail));
    this.#signIn.addEventListener("signed-in", () => this.#signedIn());
    new UndoBar(this.#deletions);
    this.#videos.onconnection = (state) => this.#connected(state);
    this.#videos.onerror = (error) => this.#report(error);
  }

  async open() {
    this.#show();
    await Promise.all([
      this.#reportErrors(() => this.#loadTemplates()),
      this.#reportErrors(() => this.#account.refresh()),
      this.#reportErrors(() => this.#resume()),
      this.#reportErrors(() => this.#deletions.settle()),
    ]);
  }

  async #loadTemplates() {
    const templates = await this.#catalogue.load();
    this.#studio.showTemplates(templates);
    (await this.#libraryView)?.showTemplates(templates);
    showGallery(templates, this.#previews);
  }

  async #resume() {
    await this.#videos.resume();
    this.#attempts.reload();
  }

  /** The library's view, which the studio can do without: loaded when it is first needed. */
  #library() {
    this.#libraryView ??= import("./views/library.js").then(
      ({ LibraryView }) => new LibraryView(this.#context, this.#dialog),
      (cause) => {
        this.#libraryView = null;
        throw new GenerationError("offline", "The library could not be loaded.", { cause });
      },
    );
    return this.#libraryView;
  }

  #show() {
    const { view, query } = this.#router.location;
    if (view !== this.#view) this.#switchTo(view);
    this.#reportErrors(() => this.#views[view].enter?.(query));
  }

  #switchTo(view) {
    if (this.#view) this.#dialog.close();
    this.#views[this.#view]?.leave?.();
    this.#view = view;
    this.#shell.show(view);
  }

  #animate(request) {
    this.#toasts.clear();
    this.#dialog.follow(this.#attempts.start(request));
  }

  #changed(attempt) {
    this.#shell.showRunning(this.#attempts.underWay.length);
    if (attempt.job && !this.#held.has(attempt.job.id)) {
      this.#held.add(attempt.job.id);
      this.#reportErrors(() => this.#account.refresh());
    }
    const line = attempt.hasEnded ? "" : stageLine({ stage: attempt.status.stage });
    if (line && this.#announced.get(attempt) !== line) this.#announce(attempt, line);
  }

  #ended(attempt) {
    const { status, error, jobId } = attempt.status;
    if (attempt.error?.code !== "offline") this.#reportErrors(() => this.#account.refresh());
    if (attempt.error) return this.#report(attempt.error, attempt);
    if (status === "failed") return this.#report({ ...error, jobId }, attempt);
    if (status === "cancelled") return this.#announce(attempt, "cancelled");
    if (this.#view !== "library" && !this.#dialog.shows(attempt)) this.#shell.showNewVideo();
    this.#reportErrors(async () => (await this.#library()).add(jobId));
    return this.#announce(attempt, "is ready");
  }

  /** Announces a stage once, without the queue position, which changes too often. */
  #announce(attempt, line) {
    this.#announced.set(attempt, line);
    this.#shell.announce(`${titleOf(attempt.templateSlug, this.#catalogue)}: ${line}`);
  }

  #report(error, attempt) {
    if (error.code === "aborted" || error.code === "cancelled") return;
    if (error.code === "unauthenticated") this.#shell.offerSignIn();
    const goTo = (view) => () => this.#router.go(view);
    const notice = noticeFor(error, {
      again: () => this.#again(attempt),
      change: () => this.#change(attempt?.templateSlug),
      canvas: () => this.#toStudio({}, () => this.#studio.focusCanvas()),
      credits: goTo("credits"),
      activity: goTo("activity"),
      templates: goTo("templates"),
      library: goTo("library"),
      signIn: () => this.#signIn.open(),
    });
    this.#toasts.show({ ...notice, kind: attempt?.key ?? error.code });
  }

  #again(attempt) {
    if (attempt?.request) this.#dialog.follow(this.#attempts.again(attempt));
    else if (attempt) this.#change(attempt.templateSlug);
    else this.open();
  }

  #change(slug) {
    this.#toStudio(slug ? { template: slug } : {}, () => this.#studio.focusForm());
  }

  /** Shows the studio now, before the browser's hashchange: a hidden element cannot get the focus. */
  #toStudio(query, focus) {
    this.#router.go("studio", query);
    this.#show();
    focus();
  }

  /** Reloads the page if another user signs in, so that nothing of the previous user remains. */
  #signedIn() {
    const owner = this.#context.owner();
    if (this.#owner && owner !== this.#owner) return location.reload();
    this.#owner = owner;
    this.#toasts.dismiss("unauthenticated");
    this.open();
  }

  #connected(state) {
    const isOffline = state === "offline";
    this.#shell.showConnection(isOffline);
    if (isOffline) return;
    this.#toasts.dismiss("offline");
    if (this.#catalogue.templates.length === 0) this.#reportErrors(() => this.#loadTemplates());
    if (!this.#account.credits) this.#reportErrors(() => this.#account.refresh());
  }

  /** Shows a GenerationError as a toast; any other error is a bug and is thrown. */
  async #reportErrors(action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof GenerationError)) throw error;
      this.#report(error);
    }
  }
}

new Page().open();
