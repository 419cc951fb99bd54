import { element } from "../views/element.js";
import { section } from "./markdown.js";
import { fields, resolve, header, parameter } from "./schema.js";

/** Parameters of every request and headers of every answer, shown once instead of per route. */
export function commonParts({ paths, components }) {
  const items = Object.values(paths);
  const answers = items.flatMap(({ parameters, ...methods }) => Object.values(methods))
    .flatMap(({ responses }) => Object.values(responses))
    .filter(({ headers }) => Object.keys(headers).length > 0); // but not what is said to a request that is not HTTP
  const sent = inEvery(items.map((item) => Object.entries(item.parameters)));
  const answered = inEvery(answers.map((answer) => Object.entries(answer.headers)));
  return {
    refs: new Set([...sent, ...answered].map(([, { $ref }]) => $ref)),
    article: element("article", { class: "docs-route" },
      section("A request may carry", fields(sent.map(([, each]) => parameter(resolve(each, components))))),
      section("An answer carries",
        fields(answered.map(([name, each]) => header(name, resolve(each, components)))))),
  };
}

/** The named references that occur in every list. */
function inEvery([first, ...others]) {
  return first.filter(([, { $ref }]) =>
    others.every((list) => list.some(([, each]) => each.$ref === $ref)));
}
