import { userName } from "./format.js";
import { Modal } from "./modal.js";

/**
 * Asks before a link signs in somebody else. Without an answer, the user stays signed in: whoever
 * wrote the link would see what is made under the other name.
 */
export class LinkQuestion {
  #modal = new Modal("other-user");
  #parts = this.#modal.parts;
  #session;
  #verify;

  /** @param {(token: string) => Promise<{user: string, email?: string}>} verify asks whose token it is */
  constructor({ session, reportErrors }, verify) {
    this.#session = session;
    this.#verify = verify;
    session.addEventListener("change", () => reportErrors(() => this.#settle()));
    this.#parts.go.addEventListener("click", () => {
      const token = session.offered;
      this.#modal.close(); // the second click of two finds no button
      session.signIn(token);
    });
    this.#modal.addEventListener("close", () => {
      session.offered = null;
    });
  }

  /** Decides about the link by which the page was opened, once it is known who is signed in. */
  async #settle() {
    const session = this.#session;
    const token = session.offered;
    if (token === null || session.state === "unknown") return;
    const other = await this.#whose(token);
    if (token !== session.offered || session.state === "unknown") return;
    if (other === null) session.offered = null;
    else if (session.isSignedOut || other.user === session.user.user) session.signIn(token);
    else this.#ask(other);
  }

  /** Null if the service does not accept the token. */
  async #whose(token) {
    try {
      return await this.#verify(token);
    } catch (error) {
      if (error.code !== "unauthenticated") throw error;
      return null;
    }
  }

  #ask(other) {
    this.#parts.other.textContent = userName(other);
    this.#parts.present.textContent = userName(this.#session.user);
    this.#modal.open(this.#parts.stay);
  }
}
