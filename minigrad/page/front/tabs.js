// On a narrow screen the page is six parts, one at a time, with the step above the bar that chooses.
import { byId, element, markup } from "./dom.js";

const PARTS = [
  ["program", "Program", "M4 6l5 5-5 5M11 17h7"],
  ["graph", "Graph", "M8 4h6v5H8zM3 15h6v4H3zM13 15h6v4h-6zM11 9v3M6 15v-3h10v3"],
  ["steps", "Steps", "M5 5h12M5 11h12M5 17h7M17 15l2.5 2-2.5 2"],
  ["values", "Values", "M4 4h5.5v5.5H4zM12.5 4H18v5.5h-5.5zM4 12.5h5.5V18H4zM12.5 12.5H18V18h-5.5z"],
  ["turn", "Your turn", "M4 18l1-4L15 4l3 3L8 17zM13 6l3 3"],
  ["source", "Source", "M8 6l-5 5 5 5M14 6l5 5-5 5"],
];
const STEPPING = ["graph", "steps", "values"]; // the parts that a step is seen in

function icon(path) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 22 22");
  made.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  made.append(line);
  return made;
}

export function mountTabs(app) {
  const { store } = app;
  const buttons = PARTS.map(([part, label, path]) =>
    element("button", { type: "button", "data-part": part, onclick: () => app.showPart(part) }, icon(path), element("span", {}, label)));
  byId("tabs").append(...buttons.filter((button) => !(app.frozen && button.dataset.part === "turn"))); // nothing can judge there

  const back = element("button.button.icon", { type: "button", "aria-label": "Back", onclick: () => app.go(store.get("step") - 1) }, "◀");
  const on = element("button.button.icon", { type: "button", "aria-label": "Next", onclick: () => app.go(store.get("step") + 1) }, "▶");
  const at = element("div.at");
  byId("stepbar").append(back, at, on);

  function steps() {
    const { answer, step, style } = store.state;
    const lines = answer?.lines ?? [];
    const line = lines[step - 1] ?? null;
    back.disabled = step === 0;
    on.disabled = step >= lines.length;
    if (line === null) return at.replaceChildren(element("span.rule", {}, "All steps"));
    if (document.body.dataset.tab !== "steps") {
      return at.replaceChildren(markup((style === "partial" && line.mathmlPartial) || line.mathml));
    }
    const pass = lines.filter((one) => one.pass === line.pass);
    at.replaceChildren(element("span.rule", {}, line.heading || line.name),
      element(`span.count.${line.pass}`, {}, `${line.pass} ${pass.indexOf(line) + 1} of ${pass.length}`));
  }

  app.showPart = (part) => {
    document.body.dataset.tab = part;
    document.body.classList.toggle("stepping", STEPPING.includes(part));
    for (const panel of document.querySelectorAll("main .panel")) panel.classList.toggle("away", panel.dataset.tab !== part);
    for (const button of buttons) {
      if (button.dataset.part === part) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
    steps();
    if (matchMedia("(max-width: 720px)").matches) scrollTo(0, 0);
    dispatchEvent(new Event("resize")); // what is shown anew measures itself
  };
  store.on("answer step style", steps);
  app.showPart("program");
}
