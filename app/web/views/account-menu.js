import { isDevelopment } from "../operator.js";
import { userName } from "./format.js";

const $ = (id) => document.getElementById(id);

/** Says who is signed in, in the frame and in a menu, with buttons to sign in and out. */
export class AccountMenu {
  #session;

  constructor(session, onSignIn) {
    this.#session = session;
    session.addEventListener("change", () => this.#show());
    $("sign-out").addEventListener("click", () => session.signOut());
    for (const button of document.querySelectorAll("[data-sign-in]")) {
      button.addEventListener("click", () => {
        $("account-menu").hidePopover();
        onSignIn();
      });
    }
    this.#show();
  }

  /** Which of the texts and buttons are shown is up to shell.css, by the session's state. */
  #show() {
    const { state, user } = this.#session;
    const name = userName(user);
    document.documentElement.dataset.session = isDevelopment ? "development" : state;
    $("account-name").textContent = name;
    $("account-label").textContent = isDevelopment ? "Development" : name;
    $("account").ariaLabel = isDevelopment ? "Development: nobody signs in" : `Account: ${name}`;
    $("account").title = $("account").ariaLabel;
    if (state === "out") $("account-menu").hidePopover();
  }
}
