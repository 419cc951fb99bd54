import { element } from "../views/element.js";

/** Takes pictures that are dropped or pasted; returns a function that opens the file chooser. */
export function takePictures(host, editor) {
  const chooser = element("input", { type: "file", accept: "image/*", hidden: true });
  chooser.onchange = () => {
    if (chooser.files.length) editor.usePicture(chooser.files[0]);
    chooser.value = "";
  };
  host.append(chooser);
  takeDrops(host, editor);
  document.addEventListener("paste", (event) => takePaste(event, host, editor));
  return () => chooser.click();
}

/** Whether what happens on the page beside any field is meant for the editor. */
export function isMeant({ target }, host) {
  if (!host.offsetWidth || document.querySelector(":modal")) return false;
  return target === document.body || (host.contains(target) && !target.matches(FIELDS));
}

const FIELDS = "textarea, select, input:not([type=range], [type=radio], [type=checkbox])";

/** All over the page: a file dropped beside a target would replace the page. */
function takeDrops(host, editor) {
  const listen = (type, over) =>
    document.addEventListener(type, (event) => {
      const { dataTransfer, relatedTarget } = event;
      if (!dataTransfer.types.includes("Files") || relatedTarget) return;
      event.preventDefault();
      const open = host.offsetWidth > 0 && !document.querySelector(":modal");
      host.classList.toggle("canvas-drop", over && open);
      if (type === "drop" && open) editor.usePicture(dataTransfer.files[0]);
    });
  listen("dragover", true);
  listen("dragleave", false);
  listen("drop", false);
}

function takePaste(event, host, editor) {
  if (!isMeant(event, host)) return;
  const [file] = event.clipboardData.files;
  const text = event.clipboardData.getData("text/plain").trim().slice(0, 500);
  if (file) editor.usePicture(file);
  else if (text) editor.add("text", { text });
}
