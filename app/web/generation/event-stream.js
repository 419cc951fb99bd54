import { GenerationError } from "./errors.js";

/**
 * Reads server-sent events from a fetch response, because `EventSource` cannot send a header.
 * Yields, for each chunk, the messages that it completes. A comment yields an empty list, which
 * tells the reader that the connection is alive. Returns the server's `retry` hint in
 * milliseconds, or null.
 */
export async function* readMessages(response, signal) {
  const parser = new Parser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  while (true) {
    let chunk;
    try {
      chunk = await reader.read();
    } catch (cause) {
      throw GenerationError.ofNetwork(cause, signal);
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
    return lines.map((line) => this.#parseLine(line)).filter((message) => message !== null);
  }

  #parseLine(line) {
    if (line === "") return this.#endMessage();
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (field === "data") this.#data.push(value ?? "");
    else if (field === "event") this.#type = value ?? "";
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #endMessage() {
    const message = { type: this.#type || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    return empty ? null : message;
  }
}
