import { CanvasEditor } from "../canvas/editor.js";
import { Router } from "../router.js";
import { priceOf } from "../video-generation.js";
import { sessionStore } from "./browser-storage.js";
import { element } from "./element.js";
import { credits } from "./format.js";
import { disable, sectionOf } from "./parts.js";
import { stillUrl } from "./previews.js";
import { VariablesForm } from "./variables-form.js";

const KEY = "template";
const SAMPLE = new URL("../canvas/sample.webp", import.meta.url).href;

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
  #template = null;
  #coming;

  constructor(context, previews, onAnimate) {
    this.#context = context;
    this.#previews = previews;
    this.#onAnimate = onAnimate;
    this.#editor = new CanvasEditor(this.#canvas, { sampleUrl: SAMPLE, owner: context.owner });
    this.#editor.ready.finally(() => this.#canvas.querySelector(".stage-wait").remove());
    this.#editor.addEventListener("notice", ({ detail }) => context.report(detail));
    this.#form.addEventListener("change", () => this.#updateButton());
    context.account.addEventListener("change", () => this.#updateButton());
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

  showTemplates(templates) {
    this.#parts.strip.replaceChildren(...templates.map((template) => this.#thumbnail(template)));
    const { router, catalogue } = this.#context;
    const wanted = [router.location.query.get("template"), sessionStore.get(KEY)];
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
    const wait = element("div", { class: "stage-wait", "aria-hidden": "true" });
    this.#canvas.append(wait);
    const picture = await coming.finally(() => wait.remove());
    if (picture && coming === this.#coming) await this.#editor.showPicture(picture);
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
    const picture = element("img", { src: stillUrl(slug), alt: "", width: 62, height: 46 });
    return element("label", { class: "strip-item", title }, input, picture);
  }

  #choose(slug) {
    const template = this.#context.catalogue.find(slug);
    if (!template) return;
    this.#mark(slug);
    if (template === this.#template) return;
    const { preview, title, text, model } = this.#parts;
    this.#template = template;
    sessionStore.set(KEY, slug);
    title.textContent = template.title;
    text.textContent = template.description;
    model.textContent = template.falModel;
    this.#previews.show(preview, slug);
    this.#form.show(template);
    this.#updateButton();
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
    const { slug: templateSlug } = this.#template;
    this.#context.reportErrors(() =>
      this.#onAnimate({
        order: { templateSlug, variables: this.#form.values, image: this.#editor.toBlob() },
        pictureUrl: this.#editor.snapshotUrl(),
        scene: new WeakRef(this.#editor.scene), // its bitmaps are large
        ratio: this.#editor.aspect.replace(":", " / "),
      }),
    );
  }

  get #price() {
    return priceOf(this.#template, this.#form.values);
  }

  /** Why Animate is disabled, or null. */
  get #obstacle() {
    if (!this.#template) return { text: "" };
    const missing = this.#price - (this.#context.account.credits?.available ?? Infinity);
    if (missing > 0) return { text: `${credits(missing)} short. `, href: Router.link("credits") };
    const field = this.#form.invalidField;
    return field ? { text: field.problem, isInForm: true } : null;
  }

  #updateButton() {
    if (!this.#template) return;
    const obstacle = this.#obstacle;
    const account = this.#context.account.credits;
    disable(this.#button, obstacle !== null);
    this.#parts.cost.textContent = credits(this.#price);
    this.#parts.price.textContent = credits(this.#price);
    this.#parts.dot.textContent = account ? " · " : "";
    this.#parts.balance.textContent = account ? `${account.available} available` : "";
    this.#hint.textContent = obstacle?.text ?? "";
    if (obstacle?.href) this.#hint.append(element("a", { href: obstacle.href }, "See credits"));
  }
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
