// The page's own part: it makes the buttons, and joins the graph and the list of steps.
// Without it the page shows the whole graph and all steps.

import { graphView } from "./graph.js";
import { lightCards, markItems, walk } from "./steps.js";

// A button that does something; what it says is seen, what it means is told.
function button(shown, told, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = shown;
  made.title = told;
  made.ariaLabel = told;
  made.addEventListener("click", act);
  return made;
}

// A group of buttons at the end of a panel's bar.
function controls(panel, ...inside) {
  const group = document.createElement("div");
  group.className = "controls";
  group.append(...inside);
  panel.querySelector(".bar").append(group);
}

function openGraph(panel) {
  const frame = panel && panel.querySelector(".view");
  if (!frame) return null;
  const view = graphView(frame, frame.querySelector("svg"), matchMedia("(prefers-reduced-motion: reduce)").matches);
  frame.tabIndex = 0;
  frame.role = "group";
  frame.ariaLabel = "Graph. Plus and minus zoom, 0 fits the width, Shift with the arrows moves.";
  controls(
    panel,
    button("−", "Zoom out (−)", () => view.zoom(1 / 1.3)),
    button("+", "Zoom in (+)", () => view.zoom(1.3)),
    button("Fit", "Fit the width (0)", () => view.fit()),
    button("Whole", "Show the whole graph (w)", () => view.whole()),
  );
  return view;
}

function openSteps(page, graph, view) {
  const panel = page.querySelector(".walk");
  const items = [...panel.querySelectorAll(".steps > li")];
  if (items.length === 0) return null;
  const picture = view && graph.querySelector(".view > svg");
  const frame = picture && picture.parentElement;
  const steps = items.map((item) => ({ card: item.dataset.card, pass: item.parentElement.dataset.pass }));
  const [said, told] = [document.createElement("span"), document.createElement("output")];
  said.className = "said";
  told.className = "unseen";

  const path = walk(items.length, (now) => {
    markItems(items, now);
    back.disabled = now === 0;
    next.disabled = now === items.length;
    const item = now > 0 ? items[now - 1] : null;
    said.textContent = item ? `${steps[now - 1].pass} ${now} of ${items.length}` : `${items.length} steps`;
    told.textContent = item
      ? `Step ${now} of ${items.length}: ${item.dataset.text}. ${item.querySelector(".rule").textContent}`
      : `All ${items.length} steps are shown.`;
    if (picture) {
      const card = lightCards(picture, steps, now);
      for (const pass of ["forward", "backward"]) {
        frame.classList.toggle(pass, item !== null && steps[now - 1].pass === pass);
      }
      if (card) view.reveal(card);
      else if (!item) view.fit();
    }
    if (item) {
      page.querySelector(".stage").scrollIntoView({ block: "nearest" });
      item.scrollIntoView({ block: "nearest" });
    }
  });
  const back = button("◀", "Back (←)", () => path.by(-1));
  const next = button("▶", "Next step (→)", () => path.by(1));
  controls(panel, said, back, next, button("Show all", "Show all (Esc)", () => path.to(0)), told);
  items.forEach((item, k) => {
    const number = button(String(k + 1), `Step ${k + 1}`, () => path.to(k + 1));
    number.className = "number";
    item.prepend(number);
    item.addEventListener("click", (event) => event.target.closest("button") || path.to(k + 1));
  });
  if (picture) {
    picture.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      const found = card ? steps.findLastIndex((step) => step.card === card.id) : -1;
      if (found >= 0) path.to(found + 1);
    });
  }
  page.body.classList.add("walking");
  return path;
}

// What overflows can be scrolled by keyboard, too.
function reachable(boxes) {
  for (const box of boxes) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

function listen(path, view) {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const steps = { ArrowLeft: (p) => p.by(-1), ArrowRight: (p) => p.by(1), Home: (p) => p.to(1),
    End: (p) => p.to(Infinity), Escape: (p) => p.to(0) };
  const views = { "+": (v) => v.zoom(1.3), "=": (v) => v.zoom(1.3), "-": (v) => v.zoom(1 / 1.3),
    0: (v) => v.fit(), w: (v) => v.whole() };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select")) return;
    const scrolls = key.startsWith("Arrow") && target.closest(".formula, .inside, .inside div");
    if (scrolls && scrolls.scrollWidth > scrolls.clientWidth) return;
    const act = event.shiftKey && arrows[key] && view ? () => view.move(...arrows[key])
      : steps[key] && path && !event.shiftKey ? () => steps[key](path)
      : views[key] && view ? () => views[key](view)
      : null;
    if (act === null) return;
    event.preventDefault();
    act();
  });
}

const graph = document.querySelector(".graph");
const view = openGraph(graph);
const path = openSteps(document, graph, view);
listen(path, view);
const boxes = document.querySelectorAll(".formula, .inside, .inside div");
reachable(boxes);
addEventListener("resize", () => reachable(boxes));
const asked = /^#step(\d+)$/.exec(location.hash);
if (path) path.to(asked ? Number(asked[1]) : 0);
