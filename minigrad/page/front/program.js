// The editor: a textarea, and under it the same text with colours, so that typing and undo stay the browser's.
import { byId, element } from "./dom.js";

const NEWLY_WRONG = 500; // milliseconds of rest before an error is told that was none before
const TOKENS = /#.*|\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{L}_][\p{L}\p{N}_]*|[-+*/@=^<>|&%~.]+/giu;

// The parts of a text that have a colour: {from, to, kind}.
function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKENS)) {
    const [token] = match;
    const to = match.index + token.length;
    const first = text.slice(0, match.index).split("\n").at(-1).trim() === "";
    const after = text.slice(to).match(/^[ \t]*(.?)(.?)/s);
    let kind = null;
    if (token.startsWith("#")) kind = "remark";
    else if (/^[\p{L}_]/u.test(token)) {
      if (after[1] === "(") kind = "function";
      else if (first && after[1] === "=" && after[2] !== "=") kind = "assigned";
    } else if (!/^\d/.test(token) && token !== ".") kind = "operator";
    if (kind) found.push({ from: match.index, to, kind });
  }
  return found;
}

// Where a place of a text is: lines and columns count from 1.
function offset(text, line, column) {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

const spanned = (text, { line, column, length }) => {
  const from = offset(text, line, column);
  return { from, to: Math.min(from + Math.max(length ?? 1, 1), text.length + 1) };
};

// Text in spans by its tokens, what a step says tinted as a whole, a fault underlined.
function painted(text, tint, fault) {
  const ranges = tokens(text);
  const marks = [...ranges, tint, fault].filter(Boolean);
  const cuts = [0, text.length, ...marks.flatMap(({ from, to }) => [from, to])].filter((at) => at <= text.length);
  const sorted = [...new Set(cuts)].sort((a, b) => a - b);
  const within = (range, from) => range && range.from <= from && from < range.to;
  const all = document.createDocumentFragment();
  let tinted = null;
  sorted.slice(0, -1).forEach((from, k) => {
    const kinds = ranges.filter((range) => within(range, from)).map((range) => range.kind);
    if (within(fault, from)) kinds.push("fault");
    const piece = element(["span", ...kinds].join("."), {}, text.slice(from, sorted[k + 1]));
    if (!within(tint, from)) return all.append(piece);
    if (tinted === null) all.append((tinted = element(`span.now.${tint.pass}`)));
    tinted.append(piece);
  });
  if (fault && fault.to > text.length) all.append(element("span.fault", {}, " "));
  all.append("\n");
  return all;
}

// Replaces what differs, as if it were typed: undo takes it back.
function retype(area, text) {
  const old = area.value;
  let head = 0;
  while (head < old.length && head < text.length && old[head] === text[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < text.length - head && old.at(-1 - tail) === text.at(-1 - tail)) tail += 1;
  const between = text.slice(head, text.length - tail);
  area.focus({ preventScroll: true });
  area.setSelectionRange(head, old.length - tail);
  const done = document.execCommand?.(between ? "insertText" : "delete", false, between);
  if (done && area.value === text) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// "8 lines, 6 variables, all dims known".
function summary({ statements, variables, dims, output }) {
  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const known = Object.keys(dims).length === 0 ? "no dims" : "all dims known";
  const shape = output.shape.length === 0 ? "" : `, of shape ${output.shape.join("×")},`;
  const last = `${output.name ?? "The last line"}${shape}`;
  return `${count(statements.length, "line")}, ${count(variables.length, "variable")}, ${known}. ${last} is what is differentiated.`;
}

// A variable in a declaration's words: "n d | spd".
export const declaration = ({ dims, assume }) => [dims.join(" "), ...(assume.length > 0 ? [assume.join(", ")] : [])].join(" | ").trim();

export function mountProgram(app) {
  const { store } = app;
  const numbers = element("pre.numbers", { "aria-hidden": "true" });
  const shown = element("pre.shown", { "aria-hidden": "true" });
  const area = element("textarea.typed", {
    id: "text", "aria-label": "Program in NumPy notation, one statement a line", "aria-describedby": "program-told",
    spellcheck: "false", autocomplete: "off", autocapitalize: "off", autocorrect: "off", wrap: "off",
    readonly: app.frozen,
  });
  const told = element("div.told", { id: "program-told", role: "status", "aria-live": "polite" });
  const chips = element("div.chips");
  byId("program").querySelector(".head").append(element("span.note", {}, "NumPy notation; a dim’s name is its size"));
  byId("program").append(
    element("div.editor", {}, numbers, element("div.code", {}, element("div.sheet", {}, shown, area))), told, chips,
  );

  let telling = 0;
  let wrong = null; // the fault that is told

  function paint() {
    const { answer, step, error, stale } = store.state;
    const text = area.value;
    const line = !stale && !error && answer && step > 0 ? answer.lines[step - 1] : null;
    const statement = line && line.statement !== null ? answer.program?.statements[line.statement] : null;
    const tint = statement ? { ...spanned(text, statement), pass: line.pass } : null;
    const fault = wrong?.line ? spanned(text, wrong) : null;
    shown.replaceChildren(painted(text, tint, fault));
    const many = text.split("\n").length;
    if (numbers.childElementCount !== many) {
      numbers.replaceChildren(...Array.from({ length: many }, (_, k) => element("span", {}, `${k + 1}\n`)));
    }
    [...numbers.children].forEach((number, k) => number.classList.toggle("fault", wrong?.line === k + 1));
  }

  const quoted = ({ line, column, length }) => {
    const source = store.get("program").split("\n")[line - 1] ?? "";
    const from = Math.max(0, column - 24); // a long line is told from near its fault
    const caret = " ".repeat(column - 1 - from + (from > 0 ? 1 : 0)) + "^".repeat(Math.max(1, Math.min(length ?? 1, source.length - column + 1)));
    return element("pre", {}, `${from > 0 ? "…" : ""}${source.slice(from)}\n`, element("span.caret", {}, caret), `  line ${line}, column ${column}`);
  };

  function tell() {
    const { error, answer, stale, program } = store.state;
    wrong = program.trim() === "" ? null : error;
    if (program.trim() === "") {
      told.replaceChildren(element("p.fine", {}, "Write a statement a line, or open an example."));
    } else if (error) {
      const fixes = (error.fixes ?? []).map((fix) =>
        element("button.button", { type: "button", onclick: () => mend(fix) }, fix.label));
      told.replaceChildren(element("div.message", {},
        element("strong", {}, error.heading ?? error.message),
        error.line && program.split("\n").length >= error.line ? quoted(error) : null,
        error.text ? element("p", {}, error.text) : null,
        fixes.length > 0 && !app.frozen ? element("div.fixes", {}, ...fixes) : null));
    } else if (answer?.program && !stale) {
      told.replaceChildren(element("p.fine", {}, element("span.tick", { "aria-hidden": "true" }, "✓"), summary(answer.program)));
    }
    offer();
    paint();
  }

  // A fix is a whole program; one beside it, a declaration, comes with all variables.
  function mend(fix) {
    if (fix.variables) store.set({ variables: fix.variables });
    retype(area, fix.program);
  }

  // What is new is taken for a variable, and may be a slip.
  function offer() {
    const { answer, error } = store.state;
    const fresh = app.frozen || error ? [] : (answer?.program?.variables ?? []).filter((one) => one.new);
    const accept = (ones) => () => {
      const more = Object.fromEntries(ones.map((one) => [one.name, declaration(one)]));
      store.set({ variables: { ...store.get("variables"), ...more } });
      area.focus({ preventScroll: true });
    };
    const chip = (one) => element(`span.chip${one.suspect ? ".suspect" : ""}`, {},
      element("span", {}, "new: ", element("b", {}, one.name), one.dims.length > 0 ? ` (${one.dims.join(", ")})` : " (a scalar)"),
      one.suspect && element("button", { type: "button", onclick: () => retype(area, one.suspect.program) }, `Write ${one.suspect.instead}`),
      element("button", { type: "button", "aria-label": `Accept ${one.name}`, onclick: accept([one]) }, "Accept"));
    chips.replaceChildren(...fresh.map(chip),
      ...(fresh.length > 1 ? [element("button.chip.all", { type: "button", onclick: accept(fresh) }, "Accept all")] : []));
  }

  area.addEventListener("input", () => {
    store.set({ program: area.value });
    paint();
  });
  store.on("program", ({ program }) => {
    if (area.value !== program) area.value = program;
    paint();
  });
  store.on("answer error stale busy", ({ error, busy }) => {
    if (busy) return paint();
    clearTimeout(telling);
    if (error && !wrong && document.activeElement === area) telling = setTimeout(tell, NEWLY_WRONG);
    else tell();
  });
  store.on("step", paint);
}
