/**
 * Tells a user who looks at something else that a video is done: in the tab's title, and as the
 * browser's notification. The buttons with `data-notify` ask for the permission, and are there as
 * long as it was neither given nor refused.
 */
export class CompletionNotice {
  #shell;
  #buttons = document.querySelectorAll("[data-notify]");

  constructor(shell) {
    this.#shell = shell;
    for (const button of this.#buttons) button.addEventListener("click", () => this.#ask(button));
    this.#update();
  }

  /** Nothing while the tab is seen. Of tabs that tell with one `tag`, the last one is shown. */
  tell({ title, text, tag, open }) {
    if (!document.hidden) return;
    this.#shell.showUnseen(title);
    if (globalThis.Notification?.permission !== "granted") return;
    const notification = notify(title, { body: text, tag });
    notification?.addEventListener("click", () => {
      focus();
      notification.close();
      open();
    });
  }

  async #ask(button) {
    const answer = await Notification.requestPermission();
    if (document.activeElement === button) (button.nextElementSibling ?? document.getElementById("main")).focus();
    this.#update();
    const granted = "You will get a notification when a video is done.";
    this.#shell.announce(answer === "granted" ? granted : "Notifications stay off.");
  }

  #update() {
    const canAsk = globalThis.Notification?.permission === "default" && notify("") !== null;
    for (const button of this.#buttons) button.hidden = !canAsk;
  }
}

/** Null on Android, which has them for service workers only. Without the permission it shows nothing. */
function notify(title, options) {
  try {
    return new Notification(title, options);
  } catch {
    return null;
  }
}
