// The program and its gradients in other languages.
import { copyText } from "./copying.js";
import { byId, element } from "./dom.js";
import { hiddenLine } from "./symbols.js";

const PYTHON = /("""[\s\S]*?"""|#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\b(import|from|as|def|return|for|in|if|else|elif|not|and|or|lambda|with|None|True|False|class|while|is)\b|\b(d[A-Z]\w*|d[a-z]\b)/g;
const TEX = /(%[^\n]*)|(\\[A-Za-z]+|\\.)|([&^_{}])/g;
const TYPST = /(\/\/[^\n]*)|(#\w+|\$)|("[^"\n]*")/g;
const GRAMMARS = { latex: TEX, typst: TYPST };

// A text as nodes: what is said about it muted, words of the language blue, gradients orange.
export function highlighted(text, grammar) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(grammar)) {
    nodes.push(text.slice(at, found.index));
    const kind = found[1] !== undefined ? "quiet" : found[2] !== undefined ? "word" : "change";
    nodes.push(element(`span.${kind}`, {}, found[0]));
    at = found.index + found[0].length;
  }
  return [...nodes, text.slice(at)];
}

export function mountSource(app) {
  const { store } = app;
  const panel = byId("source");
  const tabs = element("div.languages", { role: "tablist", "aria-label": "Language" });
  const copy = element("button.button", { type: "button" }, "Copy");
  const code = element("pre.source-text", { role: "tabpanel", tabindex: 0, id: "source-code" });
  panel.querySelector(".head").append(tabs, copy);
  panel.append(code);
  let language = "numpy";

  const choose = (key) => {
    language = key;
    draw(store.state);
    tabs.querySelector("[aria-selected=true]")?.focus();
  };
  tabs.addEventListener("keydown", (event) => {
    const keys = [...tabs.children].map((tab) => tab.dataset.key);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || keys.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    choose(keys[(keys.indexOf(language) + by + keys.length) % keys.length]);
  });
  copy.addEventListener("click", () => {
    const source = store.get("sources")?.[language];
    if (source?.text && hiddenLine(store.state) === null) copyText(app, source.text, `${source.label} source`);
  });

  function draw(state) {
    const sources = state.sources && !state.sources.error ? state.sources : {};
    const keys = Object.keys(sources);
    if (!keys.includes(language) && keys.length > 0) [language] = keys;
    tabs.replaceChildren(...keys.map((key) => element("button", {
      type: "button", role: "tab", "data-key": key, "aria-selected": String(key === language), "aria-controls": "source-code",
      tabindex: key === language ? 0 : -1, onclick: () => choose(key),
    }, sources[key].label ?? key)));
    const source = sources[language];
    const hidden = hiddenLine(state) !== null;
    copy.disabled = !source?.text || hidden;
    code.classList.toggle("words", hidden || !source?.text);
    if (hidden) {
      code.replaceChildren("The source holds the answer to Your turn: it is hidden until you show it.");
    } else if (source?.text) {
      code.replaceChildren(...highlighted(source.text, GRAMMARS[language] ?? PYTHON));
    } else {
      code.replaceChildren(source?.error?.message ?? source?.error ?? state.sources?.error?.message ?? (state.answer ? "Writing…" : ""));
    }
  }

  store.on("sources turn answer", draw);
}
