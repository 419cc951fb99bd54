// Submits forms with fetch and FormData, and prints status and body of each answer.
import { readFileSync } from "node:fs";

const [url, authorization, order, file] = process.argv.slice(2);
const image = new Blob([readFileSync(file)], { type: "image/png" });

for (const data of [order, new Blob([order], { type: "application/json" })]) {
  const body = new FormData();
  body.append("data", data);
  body.append("startImage", image, "canvas.png");
  body.append("empty", new Blob([]), "");
  body.append("note", "a\nb");
  const answer = await fetch(url, { method: "POST", headers: { authorization }, body });
  console.log(answer.status, await answer.text());
}
