import { Account, Catalogue, Identity } from "./account.js";
import { subject } from "./generation/client.js";
import { icon } from "./icons.js";
import { Router } from "./router.js";
import { Takes } from "./takes.js";
import { GenerationError, VideoGeneration } from "./video-generation.js";
import { ActivityView } from "./views/activity.js";
import { CreditsView } from "./views/credits.js";
import { showGallery } from "./views/gallery.js";
import { LibraryView } from "./views/library.js";
import { noticeOf } from "./views/notices.js";
import { Previews } from "./views/previews.js";
import { ScreenDialog } from "./views/screen-dialog.js";
import { SignIn } from "./views/sign-in.js";
import { StudioView } from "./views/studio.js";
import { themeButton } from "./views/theme.js";
import { Toasts } from "./views/toasts.js";
import { stageLine, titleOf } from "./views/wording.js";

const VIEWS = ["studio", "templates", "library", "activity", "credits"];
const $ = (id) => document.getElementById(id);

/** Puts the page together: who hears of what, and where each action leads. */
class Page {
  #identity = new Identity();
  #videos = new VideoGeneration({ getToken: () => this.#identity.token });
  #router = new Router(VIEWS);
  #account = new Account(this.#videos);
  #catalogue = new Catalogue(this.#videos);
  #takes = new Takes(this.#videos);
  #context = {
    videos: this.#videos,
    takes: this.#takes,
    account: this.#account,
    catalogue: this.#catalogue,
    router: this.#router,
    owner: () => subject(this.#identity.token),
    attempt: (action) => this.#attempt(action),
    report: (error) => this.#report(error),
  };
  #owner = this.#context.owner();
  #toasts = new Toasts();
  #previews = new Previews();
  #screen = new ScreenDialog(this.#context);
  #signIn = new SignIn(this.#identity, this.#account);
  #studio = new StudioView(this.#context, this.#previews, (request) => this.#animate(request));
  #library = new LibraryView(this.#context, this.#screen);
  #activity = new ActivityView(this.#context, {
    watch: (take) => this.#screen.follow(take),
    change: (take) => this.#change(take.templateSlug),
    play: (take) => this.#router.go("library", { video: take.job.id }),
  });
  #views = {
    studio: this.#studio,
    templates: {},
    library: this.#library,
    activity: this.#activity,
    credits: new CreditsView(this.#context),
  };
  #present = null;
  /** The jobs whose credits the balance shows as held, or has. */
  #held = new Set();
  #spoken = new Map();

  constructor() {
    this.#router.addEventListener("change", () => this.#show());
    this.#takes.addEventListener("change", ({ detail }) => this.#changed(detail));
    this.#takes.addEventListener("end", ({ detail }) => this.#ended(detail));
    this.#takes.addEventListener("refusal", ({ detail }) => this.#report(detail.error, detail.take));
    this.#account.addEventListener("change", () => this.#showBalance());
    this.#screen.addEventListener("again", ({ detail }) => this.#change(detail));
    this.#signIn.addEventListener("signed-in", () => this.#signedIn());
    this.#videos.onconnection = (state) => this.#connected(state);
    this.#videos.onerror = (error) => this.#report(error);
    this.#furnish();
  }

  async open() {
    this.#show();
    await Promise.all([
      this.#attempt(() => this.#loadTemplates()),
      this.#attempt(() => this.#account.refresh()),
      this.#attempt(() => this.#follow()),
    ]);
  }

  #furnish() {
    // A key that is held presses once: what it opens or closes must not be pressed in turn.
    document.addEventListener("keydown", (event) => {
      if (event.repeat && event.key === "Enter" && event.target.closest("button, a")) {
        event.preventDefault();
      }
    });
    themeButton($("theme"));
    $("sign-in-again").hidden = !this.#identity.token;
    $("sign-in-again").addEventListener("click", () => this.#signIn.open());
    document.querySelector(".skip-link").addEventListener("click", (event) => {
      event.preventDefault(); // the address names the view, not the element
      $("main").focus();
    });
  }

  async #loadTemplates() {
    const templates = await this.#catalogue.load();
    this.#studio.showTemplates(templates);
    this.#library.showTemplates(templates);
    showGallery(templates, this.#previews);
  }

  async #follow() {
    await this.#videos.resume();
    this.#takes.recount();
  }

  #show() {
    const { view, query } = this.#router.place;
    if (view !== this.#present) this.#turnTo(view);
    this.#attempt(() => this.#views[view].enter?.(query));
  }

  #turnTo(view) {
    const before = this.#present;
    if (before) this.#screen.close();
    const focused = document.activeElement;
    this.#views[before]?.leave?.();
    this.#present = view;
    document.documentElement.dataset.view = view;
    for (const tab of document.querySelectorAll("[data-tab]")) {
      tab.ariaCurrent = tab.dataset.tab === view ? "page" : null;
    }
    if (view === "library") badge("library", "");
    this.#nameTab();
    if (!before) return;
    scrollTo(0, 0);
    const section = document.querySelector(`[data-of="${view}"]`);
    if (!focused.checkVisibility()) section.focus({ preventScroll: true });
  }

  #nameTab() {
    const running = this.#takes.underWay.length;
    const name = document.querySelector(`[data-of="${this.#present}"] h1`).textContent;
    document.title = `${running ? `(${running}) ` : ""}${name} · Animate`;
  }

  #showBalance() {
    const { available } = this.#account.credits;
    $("balance").hidden = false;
    $("balance").ariaLabel = `${available} credits available`;
    $("balance").lastChild.textContent = available;
  }

  #animate(request) {
    this.#toasts.clear();
    this.#screen.follow(this.#takes.start(request));
  }

  #changed(take) {
    const running = this.#takes.underWay.length;
    badge("activity", running || "", `${running} under way`);
    this.#nameTab();
    if (take.job && !this.#held.has(take.job.id)) {
      this.#held.add(take.job.id);
      this.#attempt(() => this.#account.refresh());
    }
    const line = take.hasEnded ? "" : stageLine({ stage: take.status.stage });
    if (line && this.#spoken.get(take) !== line) this.#say(take, line);
  }

  #ended(take) {
    const { status, error, jobId } = take.status;
    if (take.error?.code !== "offline") this.#attempt(() => this.#account.refresh());
    if (take.error) return this.#report(take.error, take);
    if (status === "failed") return this.#report({ ...error, jobId }, take);
    if (status === "cancelled") return this.#say(take, "cancelled");
    if (this.#present !== "library" && !this.#screen.shows(take)) badge("library", "✓", "new video");
    this.#attempt(() => this.#library.add(jobId));
    return this.#say(take, "is ready");
  }

  /** Once a stage, and without the queue's countdown: more would be chatter. */
  #say(take, line) {
    this.#spoken.set(take, line);
    $("announcer").textContent = `${titleOf(take.templateSlug, this.#catalogue)}: ${line}`;
  }

  #report(error, take) {
    if (error.code === "aborted" || error.code === "cancelled") return;
    if (error.code === "unauthenticated") $("sign-in-again").hidden = false;
    const goTo = (view) => () => this.#router.go(view);
    const notice = noticeOf(error, {
      again: () => this.#again(take),
      change: () => this.#change(take?.templateSlug),
      canvas: () => this.#toStudio({}, () => this.#studio.focusCanvas()),
      credits: goTo("credits"),
      activity: goTo("activity"),
      templates: goTo("templates"),
      signIn: () => this.#signIn.open(),
    });
    this.#toasts.show({ ...notice, kind: take?.key ?? error.code });
  }

  #again(take) {
    if (take?.request) this.#screen.follow(this.#takes.again(take));
    else if (take) this.#change(take.templateSlug);
    else this.open();
  }

  #change(slug) {
    this.#toStudio(slug ? { template: slug } : {}, () => this.#studio.focusForm());
  }

  /** Turns at once, not with the browser's event: what is hidden takes no focus. */
  #toStudio(query, focus) {
    this.#router.go("studio", query);
    this.#show();
    focus();
  }

  /** What the last user has left on the page is no business of another's. */
  #signedIn() {
    const owner = this.#context.owner();
    if (this.#owner && owner !== this.#owner) return location.reload();
    this.#owner = owner;
    this.#toasts.dismiss("unauthenticated");
    this.open();
  }

  #connected(state) {
    const isOffline = state === "offline";
    $("connection").replaceChildren(...(isOffline ? [icon("offline"), "Offline"] : []));
    if (isOffline) return;
    this.#toasts.dismiss("offline");
    if (this.#catalogue.templates.length === 0) this.#attempt(() => this.#loadTemplates());
    if (!this.#account.credits) this.#attempt(() => this.#account.refresh());
  }

  /** What the service refuses to show is told in a toast; a fault of the page is not hidden. */
  async #attempt(action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof GenerationError)) throw error;
      this.#report(error);
    }
  }
}

function badge(name, content, spoken = "") {
  const mark = $(`${name}-badge`);
  mark.hidden = content === "";
  mark.textContent = content;
  mark.ariaLabel = spoken;
}

new Page().open();
