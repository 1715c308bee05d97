// The graph: the product's picture, which moves, and is lit as far as the steps have come.
import { graphView } from "./report/graph.js";
import { lightCards } from "./report/steps.js";
import { byId, element, markup } from "./dom.js";
import { hiddenLine, presentLine } from "./symbols.js";

// On a wide page the whole stays in sight; a card is made no larger than this needs.
const SMALLEST = 0.55;

export function mountPicture(app) {
  const { store } = app;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const narrow = matchMedia("(max-width: 720px)");
  const press = (shown, told, act) => element("button.button.icon", { type: "button", "aria-label": told, title: told, onclick: act }, shown);
  const panel = byId("picture");
  const legend = element("span.legend", {},
    element("span.forward", {}, "▼ forward"),
    element("span.backward", {}, "▲ backward"));
  panel.querySelector(".head").append(
    legend,
    element("span.zoom", {},
      press("−", "Zoom out (−)", () => app.zoom("out")),
      element("button.button", { type: "button", title: "Fit the width (0)", onclick: () => app.zoom("fit") }, "Fit"),
      press("+", "Zoom in (+)", () => app.zoom("in"))),
  );
  let view = null;
  let frame = null;
  let picture = null;
  let drawn = null;

  app.zoom = (how) => how === "fit" ? view?.fit() : view?.zoom(how === "in" ? 1.3 : 1 / 1.3);
  const keys = { "+": "in", "=": "in", "-": "out", 0: "fit" };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const card = event.target.closest(".card");
    if (card && (event.key === "Enter" || event.key === " ")) goTo(card);
    else if (event.shiftKey && moves[event.key]) view.move(...moves[event.key]);
    else if (keys[event.key]) app.zoom(keys[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // The card's step in the pass that is shown: backward first, once the walk has come there.
  function goTo(card) {
    const { answer, step } = store.state;
    const pass = presentLine(store.state)?.pass ?? "backward";
    const of = (wanted) => answer.lines.findIndex((line) => line.card === card.id && line.pass === wanted) + 1;
    const other = pass === "backward" ? "forward" : "backward";
    let to = of(pass) || of(other);
    if (to === step) to = of(other) || to; // a second click turns the card over
    if (to) app.go(to);
    else app.say("No step is about this card: it is given, not computed.");
  }

  function draw({ answer, graph }) {
    panel.classList.toggle("earlier", graph !== null && graph.of !== answer);
    const svg = graph?.svg ?? null;
    if (svg === drawn) return;
    drawn = svg;
    view?.end();
    frame?.remove();
    view = frame = picture = null;
    if (svg === null) {
      const text = graph?.error?.message;
      frame = text ? element("p.body", {}, text) : null;
      if (frame) panel.append(frame);
      return;
    }
    frame = element("div.view", {
      tabindex: 0, role: "group", onkeydown: pressed,
      "aria-label": "Graph. Plus and minus zoom, 0 fits the width, Shift with the arrows moves.",
    });
    picture = markup(svg);
    picture.setAttribute("role", "group");
    for (const card of picture.querySelectorAll(".card")) {
      card.setAttribute("role", "button");
      card.setAttribute("tabindex", "0");
    }
    frame.append(picture);
    panel.append(frame);
    view = graphView(frame, picture, calm);
    picture.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      if (card) goTo(card);
    });
  }

  function light(state) {
    if (picture === null) return;
    const { answer, step } = state;
    const shown = lightCards(picture, answer.lines, step);
    const present = presentLine(state);
    for (const pass of ["forward", "backward"]) frame.classList.toggle(pass, present?.pass === pass);
    const asked = answer.lines.find((line) => line.id === hiddenLine(state))?.card;
    for (const card of picture.querySelectorAll(".card")) card.classList.toggle("asked", card.id === asked);
    if (shown) view.reveal(shown, narrow.matches ? undefined : SMALLEST);
    else if (step === 0) view.fit();
  }

  // a part that was not shown had no size to place a card in
  addEventListener("resize", () => narrow.matches && requestAnimationFrame(() => light(store.state)));
  store.on("answer graph", draw);
  store.on("answer graph step turn", light);
}
