import { Account, Catalogue } from "./account.js";
import { SERVICE } from "./addresses.js";
import { Again } from "./again.js";
import { Attempts } from "./attempts.js";
import { Deletions } from "./deletions.js";
import { Client } from "./generation/client.js";
import { Router } from "./router.js";
import { Session } from "./session.js";
import { Titles } from "./titles.js";
import { Troubles } from "./troubles.js";
import { VideoChanges } from "./video-changes.js";
import { GenerationError, VideoGeneration } from "./video-generation.js";
import { AccountMenu } from "./views/account-menu.js";
import { ActivityView } from "./views/activity.js";
import { AttemptNews } from "./views/attempt-news.js";
import { CreditsView } from "./views/credits.js";
import { GalleryView } from "./views/gallery.js";
import { LibraryView } from "./views/library.js";
import { LinkQuestion } from "./views/link-question.js";
import { Previews } from "./views/previews.js";
import { Shell } from "./views/shell.js";
import { SignIn } from "./views/sign-in.js";
import { StudioView } from "./views/studio.js";
import { UndoBar } from "./views/undo-bar.js";
import { VideoDialog } from "./views/video-dialog.js";

const VIEWS = ["studio", "templates", "library", "activity", "credits"];
/** Views that anyone may see. */
const PUBLIC = ["studio", "templates"];
/** Errors of a form whose template was changed or taken off offer. */
const OF_OLD_TEMPLATES = ["invalid_variables", "template_not_found"];

/** Connects the parts of the page: which events they receive, and what each action does. */
class Page {
  #session = new Session(() => this.#videos.me());
  #videos = new VideoGeneration({ baseUrl: SERVICE, getToken: () => this.#session.token });
  #router = new Router(VIEWS);
  #account = new Account(this.#videos, this.#session);
  // Without a token, the request is the one that index.html preloads.
  #catalogue = new Catalogue(new Client({ baseUrl: SERVICE, getToken: () => null, onToken() {} }));
  #attempts = new Attempts(this.#videos);
  #changes = new VideoChanges(this.#videos);
  #context = {
    videos: this.#videos,
    session: this.#session,
    attempts: this.#attempts,
    account: this.#account,
    catalogue: this.#catalogue,
    router: this.#router,
    changes: this.#changes,
    titles: new Titles({ videos: this.#videos, account: this.#account, changes: this.#changes }),
    announce: (text) => this.#shell.announce(text),
    owner: () => this.#session.owner,
    reportErrors: (action) => this.#reportErrors(action),
    report: (error, attempt, again) => this.#report(error, attempt, again),
    resolve: (action) => this.#troubles.resolve(action),
    signIn: () => this.#signIn.open(),
    useAgain: (made) => this.#reportErrors(() => this.#useAgain(made)),
  };
  #deletions = (this.#context.deletions = new Deletions(this.#context));
  #troubles = new Troubles(this.#context, (attempt, again) => this.#actionsFor(attempt, again));
  #previews = new Previews();
  #dialog = new VideoDialog(this.#context);
  #signIn = new SignIn(this.#session, (token) => verify(token));
  #studio = new StudioView(this.#context, this.#previews, (request) => this.#animate(request));
  #gallery = new GalleryView(this.#context, this.#previews);
  #library = new LibraryView(this.#context, this.#dialog);
  #activity = new ActivityView(this.#context, this.#dialog, {
    watch: (attempt) => this.#dialog.follow(attempt),
    change: this.#context.useAgain,
    repeat: (attempt) => this.#repeat(attempt),
    play: (attempt) => this.#router.go("library", { video: attempt.job.id }),
  });
  #views = {
    studio: this.#studio,
    templates: this.#gallery,
    library: this.#library,
    activity: this.#activity,
    credits: new CreditsView(this.#context),
  };
  #shell = new Shell();
  #again = new Again(this.#context, this.#studio);
  #view = null;

  constructor() {
    new AccountMenu(this.#session, this.#context.signIn);
    new AttemptNews(this.#context, { shell: this.#shell, dialog: this.#dialog, library: this.#library });
    this.#router.addEventListener("change", () => this.#show());
    this.#account.addEventListener("change", () => this.#shell.showBalance(this.#account.credits));
    new UndoBar(this.#deletions);
    new LinkQuestion(this.#context, verify);
    this.#session.addEventListener("signed-in", () => this.open());
    addEventListener("online", () => this.#recovered());
    addEventListener("beforeunload", (event) => this.#attempts.isSending && event.preventDefault());
    document.addEventListener("visibilitychange", () => this.#seenAgain());
    this.#dialog.addEventListener("again", ({ detail }) => this.#context.useAgain(detail));
    this.#videos.onconnection = (state) => this.#connected(state);
    this.#videos.onerror = (error) => this.#report(error);
  }

  async open() {
    this.#show();
    const isKnown = this.#catalogue.templates.length > 0;
    await Promise.all([isKnown || this.#reportErrors(() => this.#loadTemplates()), this.#enterAsUser()]);
  }

  /** Loads what is the user's; nothing if the service says that nobody is signed in. */
  async #enterAsUser() {
    const checked = this.#reportErrors(() => this.#session.check());
    if (!this.#session.isSignedIn) {
      await checked;
      if (!this.#session.isSignedIn) return;
      this.#enter();
    }
    await Promise.all([
      this.#reportErrors(() => this.#account.refresh()),
      this.#reportErrors(() => this.#resume()),
      this.#reportErrors(() => this.#deletions.settle()),
    ]);
  }

  async #loadTemplates() {
    if (!(await this.#catalogue.load())) return;
    const { templates } = this.#catalogue;
    this.#studio.showTemplates(templates);
    this.#library.showTemplates(templates);
    if (this.#view === "templates") this.#gallery.enter();
  }

  async #resume() {
    await this.#videos.resume();
    this.#attempts.reload();
  }

  #show() {
    const { view } = this.#router.location;
    if (view !== this.#view) this.#switchTo(view);
    if (PUBLIC.includes(view) || this.#session.isSignedIn) this.#enter();
  }

  #enter() {
    const { view, query } = this.#router.location;
    this.#reportErrors(() => this.#views[view].enter?.(query));
  }

  #switchTo(view) {
    if (this.#view) this.#dialog.close();
    this.#views[this.#view]?.leave?.();
    this.#troubles.moved(this.#view, view);
    this.#view = view;
    this.#shell.show(view);
    if (this.#shell.saysSignedOut) this.#troubles.resolve("signIn");
  }

  #animate(request) {
    this.#troubles.clear();
    this.#dialog.follow(this.#attempts.order(request));
  }

  #report(error, attempt, again) {
    if (error.code === "aborted" || error.code === "cancelled") return;
    if (OF_OLD_TEMPLATES.includes(error.code)) this.#reportErrors(() => this.#loadTemplates());
    if (error.code !== "unauthenticated") this.#troubles.report(error, attempt, again);
    else this.#reportErrors(() => this.#meetExpiry(error, attempt, again));
  }

  /** Says by a toast only what the page itself does not say to those who see it. */
  async #meetExpiry(error, attempt, again) {
    await this.#session.check();
    if (!attempt && this.#session.state !== "expired") return;
    if (this.#shell.saysSignedOut) this.#shell.announce("You are signed out: your session has expired.");
    else this.#troubles.report(error, attempt, again);
  }

  /** What the buttons of toasts do, by the names in `data-action`. */
  #actionsFor(attempt, again) {
    const goTo = (view) => () => this.#router.go(view);
    const repeat = again ?? (attempt && (() => this.#repeat(attempt)));
    return {
      again: () => (repeat ? this.#reportErrors(repeat) : this.open()),
      change: () => (attempt ? this.#context.useAgain(attempt) : this.#toStudio({}, () => this.#studio.focusForm())),
      canvas: () => this.#toStudio({}, () => this.#studio.focusCanvas()),
      credits: goTo("credits"),
      activity: goTo("activity"),
      templates: goTo("templates"),
      library: goTo("library"),
      signIn: this.#context.signIn,
    };
  }

  /** Submits what an attempt was made of once more, or shows it in the studio without its picture. */
  async #repeat(attempt) {
    const next = await this.#again.repeat(attempt);
    if (next) this.#dialog.follow(next);
    else await this.#useAgain(attempt);
  }

  /** Brings a job's picture, words and template back to the studio. */
  async #useAgain(made) {
    this.#troubles.clear();
    const restored = this.#again.change(made);
    this.#toStudio({ template: made.templateSlug }, () => this.#studio.focusForm());
    const code = await restored;
    if (code) this.#report({ code });
  }

  /** Shows the studio now, before the browser's hashchange: a hidden element cannot get the focus. */
  #toStudio(query, focus) {
    this.#router.go("studio", query);
    this.#show();
    focus();
  }

  #connected(state) {
    const isOffline = state === "offline";
    this.#shell.showConnection(isOffline);
    if (!isOffline) this.#recovered();
    if (state === "live") this.#troubles.live();
  }

  #recovered() {
    this.#troubles.recovered();
    document.querySelector(`[data-of="${this.#view}"] [data-part=trouble]:not([hidden]) [data-part=retry]`)?.click();
    if (this.#catalogue.templates.length === 0) this.#reportErrors(() => this.#loadTemplates());
    if (this.#session.state === "unknown") this.#reportErrors(() => this.#session.check());
    if (this.#session.isSignedIn && !this.#account.credits) this.#reportErrors(() => this.#account.refresh());
  }

  /** While the tab was hidden, credits and prices may have changed, or the session may have expired. */
  #seenAgain() {
    if (document.hidden || !this.#session.isSignedIn) return;
    this.#reportErrors(() => this.#account.refresh().catch(unlessOffline));
    if (this.#catalogue.isOld) this.#reportErrors(() => this.#loadTemplates().catch(unlessOffline));
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

/** Asks the service about a token, without using it for anything else. */
function verify(token) {
  return new VideoGeneration({ baseUrl: SERVICE, getToken: () => token }).me();
}

function unlessOffline(error) {
  if (error.code !== "offline") throw error;
}

new Page().open();
