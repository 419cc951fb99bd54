import { icon } from "../icons.js";
import { themeButton } from "./theme.js";

const $ = (id) => document.getElementById(id);

/** The frame around the views: navigation, badges, balance, connection, and announcements. */
export class Shell {
  #view = null;
  #running = 0;
  #isOffline = false;
  #unseen = "";

  constructor() {
    // A key that is held down presses once: otherwise it would also press what it just opened.
    document.addEventListener("keydown", (event) => {
      if (event.repeat && event.key === "Enter" && event.target.closest("button, a")) {
        event.preventDefault();
      }
    });
    ignoreSecondClicks();
    themeButton($("theme"));
    for (const change of ["online", "offline"]) addEventListener(change, () => this.#markConnection());
    document.addEventListener("visibilitychange", () => this.#unseen && !document.hidden && this.showUnseen(""));
    document.querySelector(".skip-link").addEventListener("click", (event) => {
      event.preventDefault(); // the URL's fragment names the view, not an element
      $("main").focus();
    });
  }

  /** Shows a view; moves the focus to it if the focused element is hidden now. */
  show(view) {
    const isFirst = this.#view === null;
    const focused = document.activeElement;
    this.#view = view;
    document.documentElement.dataset.view = view;
    for (const tab of document.querySelectorAll("[data-tab]")) {
      tab.ariaCurrent = tab.dataset.tab === view ? "page" : null;
    }
    if (view === "library") this.#badge("library", "");
    this.#setTitle();
    if (isFirst) return;
    scrollTo(0, 0);
    const section = document.querySelector(`[data-of="${view}"]`);
    if (!focused.checkVisibility()) section.focus({ preventScroll: true });
  }

  /** Whether the open view itself says, in sight, that nobody is signed in. */
  get saysSignedOut() {
    const isBehind = document.querySelector("dialog[open]") !== null;
    return document.querySelector(".signed-out").checkVisibility() && !isBehind;
  }

  showRunning(count) {
    this.#running = count;
    this.#badge("activity", count || "", `${count} under way`);
    this.#setTitle();
  }

  showNewVideo() {
    this.#badge("library", "✓", "new video");
  }

  /** Says in the tab's title what has happened, until the tab is seen again. */
  showUnseen(text) {
    this.#unseen = text;
    this.#setTitle();
  }

  showBalance({ available }) {
    $("balance").hidden = false;
    $("balance").ariaLabel = `${available} credits available`;
    $("balance").lastChild.textContent = available;
  }

  showConnection(isOffline) {
    this.#isOffline = isOffline;
    this.#markConnection();
  }

  /** Announces a text to screen readers, in the open dialog if it has a place: the rest is inert. */
  announce(text) {
    const place = document.querySelector("dialog[open] [data-announcer]") ?? $("announcer");
    for (const each of document.querySelectorAll("[data-announcer]")) each.textContent = each === place ? text : "";
  }

  #markConnection() {
    const isOffline = this.#isOffline || !navigator.onLine;
    $("connection").replaceChildren(...(isOffline ? [icon("offline"), "Offline"] : []));
  }

  #setTitle() {
    const name = this.#unseen || document.querySelector(`[data-of="${this.#view}"] h1`).textContent;
    document.title = `${this.#running ? `(${this.#running}) ` : ""}${name} · Animate`;
  }

  #badge(name, content, label = "") {
    const badge = $(`${name}-badge`);
    badge.hidden = content === "";
    badge.textContent = content;
    badge.ariaLabel = label;
  }
}

/** The second click of two is not for a dialog that the first one opened, nor for what one covered. */
function ignoreSecondClicks() {
  let layer = null;
  const check = (event) => {
    const next = event.target.closest("dialog, [popover]");
    if (event.detail < 2) layer = next;
    else if (next !== layer) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  document.addEventListener("click", check, { capture: true });
}
