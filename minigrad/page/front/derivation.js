// Step by step: the present line, its rule in words, and itself in numbers.
import { byId, element } from "./dom.js";
import { createPlugged } from "./plugged.js";
import { fitFormula, formulaIn, hiddenLine, presentLine, shownMath } from "./symbols.js";

export function mountDerivation(app) {
  const { store } = app;
  const press = (shown, told, act, size = "button.button.icon") =>
    element(size, { type: "button", "aria-label": told, title: told, onclick: act }, shown);
  const by = (count) => app.go(store.get("step") + count);

  // -- the head: where one is, and the ways from there -------------------------------------------

  const count = element("span.count");
  const back = press("◀", "Back (←)", () => by(-1));
  const next = press("▶", "Next step (→)", () => by(1));
  const all = press("Show all", "Show all (Esc)", () => app.go(0), "button.button");
  const panel = byId("derivation");
  panel.querySelector(".head").append(count, back, next, all);

  const track = element("div.track", { role: "slider", tabindex: 0, "aria-label": "Step", "aria-valuemin": 0 });
  const formula = element("div.formula.present");
  const rule = element("p.why");
  const plugged = createPlugged();
  const told = element("output.hidden");
  panel.append(track, element("div.body", {}, formula, rule, plugged.place), told);

  track.addEventListener("click", (event) => {
    const piece = event.target.closest("[data-step]");
    if (piece) app.go(Number(piece.dataset.step));
  });
  track.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = store.get("answer")?.lines.length ?? 0;
    const to = {
      ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 5, PageDown: -5, Home: -last, End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    by(to);
  });

  function drawTrack({ answer }) {
    const lines = answer?.lines ?? [];
    track.classList.toggle("many", lines.length > 40);
    track.replaceChildren(...lines.map((line, k) => {
      const turns = k > 0 && lines[k - 1].pass !== line.pass;
      return element(`span.${line.pass}${turns ? ".turn" : ""}`, { "data-step": k + 1, title: line.id }, element("i"));
    }));
    track.setAttribute("aria-valuemax", lines.length);
  }

  function where({ answer, step }) {
    const lines = answer?.lines ?? [];
    const line = lines[step - 1];
    if (line === undefined) return [null, `${lines.length} ${lines.length === 1 ? "step" : "steps"}`];
    const own = lines.filter((one) => one.pass === line.pass);
    return [line.pass, `${own.indexOf(line) + 1} of ${own.length}`];
  }

  function drawStep(state) {
    const { answer, step, style } = state;
    const lines = answer?.lines ?? [];
    const line = presentLine(state);
    const [pass, place] = where(state);
    panel.classList.toggle("forward", pass === "forward");
    panel.classList.toggle("backward", pass === "backward");
    count.replaceChildren(...(pass ? [element("b", {}, pass), ` ${place}`] : [place]));
    back.disabled = step === 0;
    next.disabled = step >= lines.length;
    [...track.children].forEach((piece, k) => {
      piece.classList.toggle("done", step === 0 || k + 1 < step);
      piece.classList.toggle("now", k + 1 === step);
    });
    track.setAttribute("aria-valuenow", step);
    track.setAttribute("aria-valuetext", line ? `${pass} ${place}: ${line.unicode}` : "all steps");
    const hidden = line !== null && line.id === hiddenLine(state);
    const shown = line ?? lines.findLast((one) => one.pass === "forward") ?? null;
    if (hidden) {
      formula.replaceChildren(element("span.veil", {}, "Hidden: this is Your turn."));
      rule.textContent = "";
    } else {
      formula.replaceChildren(...(shown ? formulaIn("div", shownMath(shown, style)).childNodes : []));
      rule.replaceChildren(...(line ? words(line) : overview(lines)));
    }
    fit();
    plugged.show(hidden ? null : shown?.id ?? null, state);
    told.textContent = !line ? "" : hidden ? `${pass} ${place}: hidden, it is your turn.`
      : `${pass} ${place}: ${style === "partial" ? line.partial : line.unicode}. ${line.heading}. ${line.rule}`;
  }

  const words = (line) => [element("b", {}, line.heading && !/[.:!?]$/.test(line.heading) ? `${line.heading}.` : line.heading), " ", line.rule];

  function overview(lines) {
    const forward = lines.filter((line) => line.pass === "forward").length;
    if (lines.length === 0) return [];
    const way = lines.length > forward ? `${forward} forward, then ${lines.length - forward} backward` : `${forward} forward`;
    return [element("b", {}, "All of it."), ` ${way}. The key → or ▶ takes them one by one.`];
  }

  const fit = () => fitFormula(formula, matchMedia("(max-width: 720px)").matches ? 21 : 24, 13);
  // The walk begins: graph and steps come into view as a whole, where they stand beside each other.
  let walking = true;
  function begin({ step }) {
    const graph = byId("picture").getBoundingClientRect();
    const below = graph.bottom > innerHeight && graph.top > 0;
    if (!walking && step > 0 && below && matchMedia("(min-width: 1061px)").matches) byId("picture").scrollIntoView();
    walking = step > 0;
  }

  store.on("answer", drawTrack);
  store.on("answer step style turn", drawStep);
  store.on("step", begin);
  store.on("plugged numbers", (state) => {
    const line = presentLine(state);
    if (line === null || line.id !== hiddenLine(state)) plugged.update(state);
  });
  new ResizeObserver(fit).observe(panel);
  document.fonts?.ready.then(fit);
}
