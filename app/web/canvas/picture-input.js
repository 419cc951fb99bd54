import { element } from "../views/element.js";

/** Accepts dropped pictures; returns a function that opens the file chooser. */
export function acceptPictures(host, editor) {
  const chooser = element("input", {
    type: "file",
    accept: "image/*,.heic,.heif",
    multiple: true,
    hidden: true,
  });
  chooser.onchange = () => {
    editor.addPictures([...chooser.files]);
    chooser.value = "";
  };
  host.append(chooser);
  acceptDrops(host, editor);
  return () => chooser.click();
}

/** Whether a keyboard or clipboard event is for the editor, not for a form field or a dialog. */
export function isForEditor({ target }, host) {
  if (!host.offsetWidth || document.querySelector(":modal")) return false;
  return target === document.body || (host.contains(target) && !target.matches(FIELDS));
}

const FIELDS = "textarea, select, input:not([type=range], [type=radio], [type=checkbox])";

/** On the whole page: the browser would replace the page with a file dropped anywhere. */
function acceptDrops(host, editor) {
  const listen = (type, over) =>
    document.addEventListener(type, (event) => {
      const { dataTransfer, relatedTarget } = event;
      if (!dataTransfer.types.includes("Files") || relatedTarget) return;
      event.preventDefault();
      const open = host.offsetWidth > 0 && !document.querySelector(":modal");
      host.classList.toggle("canvas-drop", over && open);
      if (type === "drop" && open) editor.addPictures([...dataTransfer.files]);
    });
  listen("dragover", true);
  listen("dragleave", false);
  listen("drop", false);
}
