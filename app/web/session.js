import { OWN } from "./addresses.js";
import { hasExpired, subject } from "./generation/client.js";
import { channelOf } from "./generation/tabs.js";
import { isDevelopment } from "./operator.js";
import { localStore, sessionStore } from "./views/browser-storage.js";

const TOKEN = "access-token";
const OWNER = "owner";
const PLACE = "place-before-sign-in";
const TOKEN_LINK = /^#token=(.+)$/;
const SIGNED_OUT = "signed-out";
const LONGEST = 8_000; // characters of a token; most proxies take headers of 8 KiB

/**
 * Who uses the page: one session for all tabs of the browser, kept until the user signs out.
 * `state` is `unknown` before the service's first answer, then `in`, `expired` (the service refuses
 * the token) or `out` (there is none). Emits `change`, and `signed-in` when there is another token.
 */
export class Session extends EventTarget {
  state = "unknown";
  /** `{user, email}` as the service knows the user; null until it has answered. */
  user = null;
  /** The user whose work the page shows, also after the token has expired; empty if nobody's. */
  owner;
  /** The token of a link, while there is a session: unused until the service and the user agree. */
  offered = null;

  #askWho;
  #token;
  #check = null;
  #otherTabs = channelOf(`${OWN}session`);

  /** @param {() => Promise<{user: string, email?: string}>} askWho asks the service */
  constructor(askWho) {
    super();
    this.#askWho = askWho;
    this.#readTokenLink();
    this.#token = localStore.get(TOKEN);
    this.owner = this.#named;
    if (this.#previousOwner && this.#previousOwner !== this.owner) sessionStore.clear();
    sessionStore.set(OWNER, this.owner);
    // Such a link was opened in a tab that shows the page: reload for the new user.
    addEventListener("hashchange", () => TOKEN_LINK.test(location.hash) && location.reload());
    addEventListener("storage", () => this.#follow());
    this.#otherTabs?.addEventListener("message", ({ data }) => data === SIGNED_OUT && this.#forget());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#follow());
  }

  get token() {
    return this.#token;
  }

  get isSignedIn() {
    return this.state === "in" || (this.state === "unknown" && (isDevelopment || this.token !== null));
  }

  get isSignedOut() {
    return this.state === "out" || this.state === "expired";
  }

  /** Asks the service who is signed in; calls that overlap share one request. */
  async check() {
    this.#check ??= this.#ask().finally(() => {
      this.#check = null;
    });
    await this.#check;
  }

  /** Keeps a token that the service has accepted. */
  signIn(token) {
    this.offered = null;
    localStore.set(TOKEN, token);
    this.#follow();
  }

  signOut() {
    localStore.set(TOKEN, null);
    this.#otherTabs?.postMessage(SIGNED_OUT);
    this.#follow();
  }

  /** Leaves for the page where users sign in, which leads back with `#token=`. */
  leaveFor(signInUrl) {
    const address = new URL(signInUrl);
    address.searchParams.set("return_to", location.origin + location.pathname);
    sessionStore.set(PLACE, location.hash);
    location.assign(address);
  }

  get #named() {
    return subject(this.#token) ?? "";
  }

  get #previousOwner() {
    return sessionStore.get(OWNER);
  }

  async #ask() {
    const token = this.#token;
    let state = "in";
    let user = this.user;
    try {
      user = await this.#askWho();
    } catch (error) {
      if (error.code !== "unauthenticated") throw error;
      state = token === null ? "out" : "expired";
    }
    if (token === this.#token) this.#become(state, user);
  }

  #become(state, user) {
    this.state = state;
    this.user = user;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Takes over the token of this browser. For another user, and after signing out, the page is
   * reloaded, so that nothing of the previous user remains. Until then it keeps the previous token:
   * what it still sends, such as deletions, is the previous user's.
   */
  #follow() {
    const token = localStore.get(TOKEN);
    if (token === this.#token) return;
    if (this.owner && this.owner !== (subject(token) ?? "")) return this.#reloadFor(token);
    this.#token = token;
    this.owner = this.#named;
    sessionStore.set(OWNER, this.owner);
    this.#check = null;
    this.#become("unknown", null);
    this.dispatchEvent(new Event("signed-in"));
  }

  /** Hands over in the address what the storage has refused, as a page where users sign in does. */
  #reloadFor(token) {
    if (token !== null && !localStore.keeps(TOKEN)) {
      sessionStore.set(PLACE, location.hash);
      history.replaceState(null, "", `#token=${encodeURIComponent(token)}`);
    }
    location.reload();
  }

  /** The user has signed out in another tab; the storage does not tell a tab that could not use it. */
  #forget() {
    localStore.dropUnsaved(TOKEN);
    this.#follow();
  }

  /** Takes `#token=…` out of the URL before anything else can read or log it. */
  #readTokenLink() {
    const link = TOKEN_LINK.exec(location.hash);
    if (!link) return;
    const place = sessionStore.get(PLACE) ?? "";
    sessionStore.set(PLACE, null);
    history.replaceState(null, "", location.pathname + location.search + place);
    try {
      this.#takeLinked(decodeURIComponent(link[1]));
    } catch {
      // The link was cut off: there is no token.
    }
  }

  /** Anybody may have written the link, whomever it names: it ends no session that may be valid. */
  #takeLinked(token) {
    if (!canBeToken(token)) return;
    const present = localStore.get(TOKEN);
    const isRenewed = hasExpired(present) && subject(present) === subject(token);
    if (subject(present) === null || isRenewed) localStore.set(TOKEN, token);
    else if (token !== present) this.offered = token;
  }
}

/** False for a text that no request header can carry: a browser or a proxy would refuse every request. */
export function canBeToken(text) {
  return text.length <= LONGEST && /^[\x21-\x7e]+$/.test(text);
}
