import { element } from "../views/element.js";
import { section } from "./prose.js";
import { fields, followed, header, parameter } from "./shape.js";

/** What every request may carry and every answer has: told once, and not with each. */
export function everywhere({ paths, components }) {
  const items = Object.values(paths);
  const answers = items.flatMap(({ parameters, ...methods }) => Object.values(methods))
    .flatMap(({ responses }) => Object.values(responses));
  const sent = inAll(items.map((item) => Object.entries(item.parameters)));
  const answered = inAll(answers.map((answer) => Object.entries(answer.headers)));
  return {
    told: new Set([...sent, ...answered].map(([, { $ref }]) => $ref)),
    drawn: element("article", { class: "docs-route" },
      section("A request may carry", fields(sent.map(([, each]) => parameter(followed(each, components))))),
      section("An answer carries",
        fields(answered.map(([name, each]) => header(name, followed(each, components)))))),
  };
}

/** The named references that are in every list. */
function inAll([first, ...others]) {
  return first.filter(([, { $ref }]) =>
    others.every((list) => list.some(([, each]) => each.$ref === $ref)));
}
