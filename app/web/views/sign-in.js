import { signInUrl } from "../operator.js";
import { canBeToken } from "../session.js";
import { Modal } from "./modal.js";

/** Leads to where the operator lets users sign in; without such a place, asks for an access token. */
export class SignIn {
  #modal = new Modal("sign-in");
  #parts = this.#modal.parts;
  #session;
  #verify;
  /** The token that the service is being asked about. */
  #asked = null;

  /** @param {(token: string) => Promise<unknown>} verify asks the service whether it accepts a token */
  constructor(session, verify) {
    this.#session = session;
    this.#verify = verify;
    session.addEventListener("signed-in", () => this.#modal.close()); // perhaps in another tab
    this.#modal.addEventListener("close", () => this.#reset());
    this.#parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try(this.#parts.token.value.trim());
    });
  }

  open() {
    if (signInUrl) this.#session.leaveFor(signInUrl);
    else this.#modal.open(this.#parts.token);
  }

  async #try(token) {
    if (token === this.#asked) return;
    this.#asked = token;
    let refusal = null;
    try {
      if (!canBeToken(token)) throw new Error("Paste your access token.");
      await this.#verify(token);
    } catch (error) {
      refusal = error;
    }
    if (token !== this.#asked) return; // the dialog was closed, or another token was tried
    this.#asked = null;
    if (refusal) return this.#complain(refusal);
    this.#modal.close();
    this.#session.signIn(token);
  }

  #reset() {
    this.#asked = null;
    this.#parts.form.reset();
    this.#parts.problem.textContent = "";
    this.#parts.token.ariaInvalid = null;
  }

  #complain({ code, message }) {
    const refused = code === "unauthenticated";
    this.#parts.problem.textContent = refused ? "The service does not accept this token." : message;
    this.#parts.token.ariaInvalid = true;
    this.#parts.token.focus();
  }
}
