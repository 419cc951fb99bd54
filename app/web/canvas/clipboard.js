import { loadCopied, saveCopied } from "./drafts.js";
import { isForEditor } from "./picture-input.js";
import { randomId } from "./tab-id.js";

const TYPE = "application/x-canvas-objects";
const STEP = 32; // pixels of the frame from what is copied

/**
 * Copies, cuts, pastes and duplicates the selected objects. The system's clipboard holds their words
 * and a mark; the objects themselves, with their pictures, are kept in this tab and for the user's
 * other tabs.
 */
export class Clipboard {
  #editor;
  #owner;
  #kept = { mark: "", objects: [] };
  #pasted = 0;

  constructor(editor, owner) {
    this.#editor = editor;
    this.#owner = owner;
  }

  /** Listens on the page for the browser's own copy, cut and paste. */
  listen(host) {
    for (const type of ["copy", "cut"]) {
      document.addEventListener(type, (event) => {
        const hasWords = !getSelection().isCollapsed; // the user copies text of the page
        if (hasWords || !isForEditor(event, host) || this.#editor.selection.length === 0) return;
        event.preventDefault();
        this.#copy(event.clipboardData);
        if (type === "cut") this.#editor.remove();
      });
    }
    document.addEventListener("paste", (event) => {
      if (isForEditor(event, host)) this.#paste(event.clipboardData);
    });
  }

  duplicate() {
    this.#add(this.#editor.selected, STEP);
  }

  #copy(data) {
    const objects = this.#editor.selected;
    this.#kept = { mark: randomId(), objects };
    this.#pasted = 0;
    const words = objects.map(({ text }) => text).filter(Boolean).join("\n");
    data.setData("text/plain", words);
    data.setData(TYPE, this.#kept.mark);
    saveCopied(this.#kept, this.#owner());
    this.#editor.announce(objects.length === 1 ? "Copied" : `${objects.length} objects copied`);
  }

  async #paste(data) {
    const [mark, files] = [data.getData(TYPE), [...data.files]];
    const text = data.getData("text/plain").trim().slice(0, 500);
    if (mark) await this.#pasteObjects(mark);
    else if (files.length) await this.#editor.addPictures(files);
    else if (text) this.#editor.add("text", { text });
  }

  async #pasteObjects(mark) {
    if (mark !== this.#kept.mark) {
      const kept = await loadCopied(this.#owner());
      if (kept?.mark !== mark) return;
      this.#kept = kept;
      this.#pasted = -1; // another canvas: the same place
    }
    this.#pasted += 1;
    this.#add(this.#kept.objects, this.#pasted * STEP);
  }

  #add(objects, by) {
    const moved = ({ kind, ...look }) => ({ kind, look: { ...look, x: look.x + by, y: look.y + by } });
    this.#editor.addAll(objects.map(moved));
  }
}
