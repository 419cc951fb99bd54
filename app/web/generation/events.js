import { GenerationError } from "./errors.js";

/**
 * Read server-sent events from an answer, as `EventSource` would if it could send a header.
 * Yields for every chunk the messages that it completes (none for a comment), so that a reader
 * knows that the line is alive; returns the server's `retry` hint in milliseconds, or null.
 */
export async function* messages(response, signal) {
  const parser = new Parser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  while (true) {
    let chunk;
    try {
      chunk = await reader.read();
    } catch (cause) {
      throw GenerationError.ofSilence(cause, signal);
    }
    if (chunk.done) return parser.retry;
    yield parser.push(chunk.value);
  }
}

class Parser {
  retry = null;
  #rest = "";
  #type = "";
  #data = [];

  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/); // a last \r may be half of \r\n
    this.#rest = lines.pop();
    return lines.map((line) => this.#take(line)).filter((message) => message !== null);
  }

  #take(line) {
    if (line === "") return this.#complete();
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (field === "data") this.#data.push(value ?? "");
    else if (field === "event") this.#type = value ?? "";
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #complete() {
    const message = { type: this.#type || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    return empty ? null : message;
  }
}
