// Symbols: what is pointed at is lit wherever it stands, in formulas, pictures, arrays and the program.
import { element, markup } from "./dom.js";

// A line's formula in the style that is shown: ∂L/∂T or dT.
export const shownMath = (line, style) => (style === "partial" ? line.mathmlPartial : line.mathml) || line.mathml;

// The line that is shown, or null where all are.
export const presentLine = ({ answer, step }) => (answer && step > 0 ? (answer.lines[step - 1] ?? null) : null);

// The line that Your turn keeps hidden while it is asked, by its id, or null.
export const hiddenLine = ({ turn }) => (turn?.hide && turn.of ? turn.of : null);

// A formula in an element that lets long ones scroll.
export function formulaIn(tag, text, facts = {}) {
  return element(tag, facts, markup(text));
}

// A symbol without the exponent, the transpose and the indices that it has where it was found.
function unraised(symbol) {
  const [base, lower] = symbol.children;
  if (symbol.localName.startsWith("msub") && base.textContent === symbol.dataset.symbol) {
    const whole = base.cloneNode(true);
    whole.setAttribute("data-symbol", symbol.dataset.symbol);
    return whole;
  }
  if (symbol.localName !== "msup" && symbol.localName !== "msubsup") return symbol;
  const bare = symbol.localName === "msup" ? base.cloneNode(true) : document.createElementNS(symbol.namespaceURI, "msub");
  if (symbol.localName === "msubsup") bare.append(base.cloneNode(true), lower.cloneNode(true));
  bare.setAttribute("data-symbol", symbol.dataset.symbol);
  return bare;
}

// Every symbol's own MathML by its id, taken from the formulas that it stands in.
let namesOf = { answer: null, names: new Map() };
function symbolNames(answer) {
  if (namesOf.answer === answer) return namesOf.names;
  const names = new Map();
  for (const line of answer.lines) {
    for (const symbol of markup(line.mathml).querySelectorAll?.("[data-symbol]") ?? []) {
      if (!names.has(symbol.dataset.symbol)) names.set(symbol.dataset.symbol, unraised(symbol));
    }
  }
  namesOf = { answer, names };
  return names;
}

// A name as formulas set it, W with subscript q; as text where no formula has it.
export function symbolMath(answer, id) {
  const math = document.createElementNS("http://www.w3.org/1998/Math/MathML", "math");
  const found = symbolNames(answer).get(id);
  if (found) math.append(found.cloneNode(true));
  else {
    const letter = document.createElementNS(math.namespaceURI, "mi");
    letter.setAttribute("data-symbol", id);
    letter.textContent = id;
    math.append(letter);
  }
  return math;
}

// A formula is as large as it fits into its box, between two sizes; what is longer still scrolls.
export function fitFormula(box, largest, least) {
  box.style.fontSize = `${largest}px`;
  const room = box.clientWidth;
  const math = box.querySelector("math");
  if (!math || room === 0) return;
  const wide = math.getBoundingClientRect().width;
  if (wide > room) box.style.fontSize = `${Math.max(least, Math.floor((largest * room * 9.8) / wide) / 10)}px`;
  const scrolls = box.scrollWidth > box.clientWidth + 1;
  box.classList.toggle("scrolls", scrolls);
  if (scrolls && !box.closest("button")) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

// Lights the symbol of the store everywhere, and puts the one that is pointed at into the store.
export function mountSymbols(app) {
  const { store } = app;
  const lit = (id, on) => {
    if (id === null) return;
    const { answer, graph } = store.state;
    const line = answer?.lines.find((one) => one.id === id);
    const card = line?.card ?? graph?.cards?.[id];
    for (const place of document.querySelectorAll(`[data-symbol="${CSS.escape(id)}"]`)) {
      place.classList.toggle("lit", on);
      place.classList.toggle("backward", on && line?.pass === "backward");
    }
    if (card) document.querySelector(`#picture #${CSS.escape(card)}`)?.classList.toggle("lit", on);
  };
  let shown = null;
  const relight = ({ symbol }) => {
    if (shown !== symbol) lit(shown, false);
    shown = symbol;
    lit(shown, true);
  };
  const pointed = (event) => {
    const place = event.target.closest?.("[data-symbol], [data-line], #picture .card");
    const { answer, graph } = store.state;
    let id = place?.dataset.symbol ?? place?.dataset.line ?? null;
    if (place && id === null && answer) {
      id = Object.entries(graph?.cards ?? {}).find(([, card]) => card === place.id)?.[0] ?? null;
    }
    store.set({ symbol: id });
  };
  document.addEventListener("pointerover", pointed);
  document.addEventListener("focusin", pointed);
  document.addEventListener("pointerleave", () => store.set({ symbol: null }));
  // what was drawn anew is lit again
  store.on("symbol answer graph numbers plugged step style", (state) => queueMicrotask(() => relight(state)));
}
