import { assetUrl } from "../addresses.js";
import { CanvasEditor } from "../canvas/editor.js";
import { creditsUrl } from "../operator.js";
import { Router } from "../router.js";
import { priceOf } from "../video-generation.js";
import { sessionStore } from "./browser-storage.js";
import { element } from "./element.js";
import { credits } from "./format.js";
import { disable, sectionOf } from "./parts.js";
import { stillUrl } from "./previews.js";
import { RatioNote, ratioValues, ratioVariable, wantedRatios } from "./ratios.js";
import { VariablesForm } from "./variables-form.js";

const KEY = "template";
const SAMPLE = assetUrl("canvas/sample.webp");

/** The workspace: a canvas, a template, its variables, a price, and the button. */
export class StudioView {
  #context;
  #previews;
  #onAnimate;
  #parts = sectionOf("studio");
  #canvas = document.getElementById("canvas");
  #button = document.getElementById("animate");
  #hint = document.getElementById("order-hint");
  #form = new VariablesForm(this.#parts.form);
  #editor;
  #ratioNote;
  #template = null;
  /** The picture that is being loaded; null if there is none. */
  #coming = null;

  constructor(context, previews, onAnimate) {
    this.#context = context;
    this.#previews = previews;
    this.#onAnimate = onAnimate;
    this.#editor = new CanvasEditor(this.#canvas, { sampleUrl: SAMPLE, owner: context.owner });
    this.#ratioNote = new RatioNote(this.#parts, this.#editor, this.#button);
    this.#editor.ready.finally(() => this.#canvas.querySelector(".stage-wait").remove());
    this.#editor.ready.finally(() => this.#update());
    this.#editor.addEventListener("aspect-change", () => this.#update());
    this.#editor.addEventListener("notice", ({ detail }) => context.report(detail));
    this.#editor.addEventListener("change", () => context.resolve("canvas"));
    this.#form.addEventListener("change", () => this.#update());
    context.account.addEventListener("change", () => this.#update());
    context.session.addEventListener("change", () => this.#update());
    this.#button.addEventListener("click", ({ detail }) => detail > 1 || this.#animate());
    this.#parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#animate();
    });
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  enter(query) {
    this.#choose(query.get("template"));
  }

  /** Shows other templates than before; what was entered stays. */
  showTemplates(templates) {
    const present = this.#template?.slug;
    const next = templates.find(({ slug }) => slug === present);
    if (next) this.#form.keepFor(next);
    this.#parts.strip.replaceChildren(...templates.map((template) => this.#thumbnail(template)));
    const { router, catalogue } = this.#context;
    const wanted = [present, router.location.query.get("template"), sessionStore.get(KEY)];
    const known = wanted.find((slug) => catalogue.find(slug));
    this.#choose(known ?? (templates.find(isReady) ?? templates[0])?.slug);
  }

  /** Shows the template and words of a job; false if the template is not on offer any more. */
  restore({ templateSlug, variables }) {
    const template = this.#context.catalogue.find(templateSlug);
    if (!template) return false;
    this.#form.note(template, variables);
    this.#template = null;
    this.#choose(templateSlug);
    return true;
  }

  /** Whether the canvas is as it was when this page made the request. */
  shows({ scene }) {
    return scene?.deref() === this.#editor.scene;
  }

  /** Shows a picture as soon as it is there; of several, the one that was asked for last. */
  async showPicture(coming) {
    this.#coming = coming;
    this.#update();
    const wait = element("div", { class: "stage-wait", "aria-hidden": "true" });
    this.#canvas.append(wait);
    try {
      const picture = await coming.finally(() => wait.remove());
      if (picture && coming === this.#coming) await this.#editor.showPicture(picture);
    } finally {
      if (coming === this.#coming) this.#coming = null;
      this.#update();
    }
  }

  focusForm() {
    this.#form.focus();
  }

  focusCanvas() {
    this.#canvas.querySelector("button").focus();
  }

  #thumbnail({ slug, title }) {
    const onchange = () => this.#context.router.go("studio", { template: slug });
    const input = element("input", { type: "radio", name: KEY, value: slug, "aria-label": title, onchange });
    const picture = element("img", { loading: "lazy", src: stillUrl(slug), alt: "", width: 62, height: 46 });
    return element("label", { class: "strip-item", title }, input, picture);
  }

  #choose(slug) {
    const template = this.#context.catalogue.find(slug);
    if (!template) return;
    this.#mark(slug);
    if (template === this.#template) return;
    const { preview, title, text, model } = this.#parts;
    this.#template = template;
    this.#editor.wantedAspects = wantedRatios(template, this.#editor);
    sessionStore.set(KEY, slug);
    title.textContent = template.title;
    text.textContent = template.description;
    model.textContent = template.modelName;
    this.#previews.show(preview, slug);
    this.#form.show(template, { except: ratioVariable(template) });
    this.#update();
  }

  #mark(slug) {
    const { strip } = this.#parts;
    const input = strip.querySelector(`[value="${CSS.escape(slug)}"]`);
    input.checked = true;
    bringIntoView(strip, input.parentElement);
  }

  #key({ key, ctrlKey, metaKey, repeat }) {
    if (key !== "Enter" || !(ctrlKey || metaKey) || repeat) return;
    const isHere = this.#context.router.location.view === "studio";
    if (isHere && !document.querySelector("dialog[open]")) this.#animate();
  }

  #animate() {
    const obstacle = this.#obstacle;
    if (obstacle?.isInForm) this.#form.showProblems();
    if (obstacle) return;
    const { slug: templateSlug, startSide: longSide } = this.#template;
    this.#context.reportErrors(() =>
      this.#onAnimate({
        order: { templateSlug, variables: this.#variables, image: this.#editor.toBlob({ longSide }) },
        pictureUrl: this.#editor.snapshotUrl(),
        scene: new WeakRef(this.#editor.scene), // its bitmaps are large
        ratio: this.#editor.aspect.replace(":", " / "),
      }),
    );
  }

  get #variables() {
    return { ...this.#form.values, ...ratioValues(this.#template, this.#editor.aspect) };
  }

  get #price() {
    return this.#priceWith({});
  }

  #priceWith(others) {
    return priceOf(this.#template, { ...this.#variables, ...others });
  }

  /** Why Animate is disabled, or null. */
  get #obstacle() {
    if (this.#context.session.isSignedOut) {
      const onclick = () => this.#context.signIn();
      const offer = element("button", { class: "link", type: "button", onclick }, "Sign in");
      return { text: "You are signed out. ", offer };
    }
    if (!this.#template) return { text: "" };
    if (this.#coming) return { text: "The picture is being loaded." };
    const account = this.#context.account.credits;
    const isShort = account && this.#price > account.available;
    if (isShort) return { text: shortage(this.#price, account), offer: creditsLink() };
    const field = this.#form.invalidField;
    return field ? { text: field.problem, isInForm: true } : null;
  }

  #update() {
    if (!this.#template) return;
    const obstacle = this.#obstacle;
    const account = this.#context.account.credits;
    disable(this.#button, obstacle !== null);
    this.#ratioNote.show(this.#template);
    this.#form.showPrices((others) => this.#priceWith(others));
    this.#parts.cost.textContent = credits(this.#price);
    this.#parts.price.textContent = credits(this.#price);
    this.#parts.dot.textContent = account ? " · " : "";
    this.#parts.balance.textContent = account ? `${account.available} available` : "";
    this.#hint.textContent = obstacle?.text ?? "";
    if (obstacle?.offer) this.#hint.append(obstacle.offer);
  }
}

function shortage(price, { available, held }) {
  const aside = held > 0 ? ` (${held} more are held for videos under way)` : "";
  return `${credits(price - available)} short: this video costs ${price}, you have ${available}${aside}. `;
}

function creditsLink() {
  if (!creditsUrl) return element("a", { href: Router.link("credits") }, "See credits");
  const note = element("span", { class: "unseen" }, " (opens in a new tab)");
  return element("a", { href: creditsUrl, target: "_blank", rel: "noopener" }, "Get credits", note);
}

/** Whether a template works without any input. */
function isReady({ variables }) {
  return variables.every((variable) => !variable.required || variable.default !== undefined);
}

/** Not scrollIntoView, which would scroll the page too. */
function bringIntoView(strip, item) {
  const middle = item.offsetLeft - strip.offsetLeft - (strip.clientWidth - item.clientWidth) / 2;
  strip.scrollTo({ left: middle, behavior: "smooth" });
}
