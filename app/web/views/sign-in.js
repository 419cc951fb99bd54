import { Modal } from "./modal.js";

/** Asks for an access token. Emits `signed-in` once the service has accepted it. */
export class SignIn extends EventTarget {
  #modal = new Modal("sign-in");
  #parts = this.#modal.parts;
  #identity;
  #account;

  constructor(identity, account) {
    super();
    this.#identity = identity;
    this.#account = account;
    this.#parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try(this.#parts.token.value.trim());
    });
  }

  open() {
    this.#modal.open(this.#parts.token);
  }

  async #try(token) {
    const before = this.#identity.token;
    try {
      if (!token) throw new Error("Paste your access token.");
      this.#identity.token = token;
      await this.#account.refresh();
    } catch (error) {
      this.#identity.token = before;
      return this.#complain(error);
    }
    this.#parts.form.reset();
    this.#parts.problem.textContent = "";
    this.#parts.token.ariaInvalid = null;
    this.#modal.close();
    return this.dispatchEvent(new Event("signed-in"));
  }

  #complain({ code, message }) {
    const refused = code === "unauthenticated";
    this.#parts.problem.textContent = refused ? "The service does not accept this token." : message;
    this.#parts.token.ariaInvalid = true;
    this.#parts.token.focus();
  }
}
