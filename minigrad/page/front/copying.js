// Copies one line, or all of them, in the notation that is wanted.
import { element } from "./dom.js";
import { copy, menu } from "./menus.js";
import { hiddenLine, presentLine } from "./symbols.js";

// Copies a text and says so.
export async function copyText(app, text, what) {
  app.say((await copy(text)) ? `${what} copied` : "The browser does not let this page copy; select the text instead");
}

// The statement of a source that makes a line, or "".
function statementOf(source, name) {
  const lines = (source ?? "").split("\n");
  const from = lines.findIndex((line) => line.trimStart().startsWith(`${name} = `));
  if (from < 0) return "";
  const indent = lines[from].length - lines[from].trimStart().length;
  let to = from + 1;
  while (to < lines.length && lines[to].trim() !== "" && lines[to].length - lines[to].trimStart().length > indent) to += 1;
  return lines.slice(from, to).map((line) => line.slice(indent)).join("\n");
}

export function createCopy(app) {
  const { store } = app;
  const kinds = {
    LaTeX: (line, partial) => (partial ? line.latexPartial : line.latex),
    Typst: (line, partial) => (partial ? line.typstPartial : line.typst),
    Unicode: (line, partial) => (partial ? line.partial : line.unicode),
    NumPy: (line) => statementOf(store.get("sources")?.numpy?.text, line.id),
  };
  const wanted = () => {
    const present = presentLine(store.state);
    const hidden = hiddenLine(store.state);
    return (present ? [present] : store.get("answer")?.lines ?? []).filter((line) => line.id !== hidden);
  };
  const textOf = (kind) => wanted().map((line) => kinds[kind](line, store.get("style") === "partial")).filter(Boolean).join("\n");
  const item = (kind) => ({
    label: kind,
    hint: { NumPy: "its source" }[kind],
    act: () => {
      const text = textOf(kind);
      const present = presentLine(store.state);
      if (text) copyText(app, text, present ? `${kind} of ${present.name}` : `${kind} of all lines`);
      else app.say(`There is no ${kind} of this line`);
    },
  });
  const button = element("button.button", { type: "button" }, "Copy", element("span.down", { "aria-hidden": "true" }));
  return menu(button, Object.keys(kinds).map(item));
}
