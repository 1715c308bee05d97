// All lines: forward with a blue rule, backward with an orange one; each is the way to its step.
import { byId, element } from "./dom.js";
import { createCopy } from "./copying.js";
import { fitFormula, formulaIn, hiddenLine, presentLine, shownMath } from "./symbols.js";

// How many sixths of the width each of the lines takes, so that rows are full and none is cut.
export function spansOf(widths, room) {
  const sixths = widths.map((width) => (width <= room / 3 ? 2 : width <= room / 2 ? 3 : width <= (room * 2) / 3 ? 4 : 6));
  const spans = [];
  for (let k = 0; k < sixths.length;) {
    const [a, b, c] = sixths.slice(k, k + 3);
    const row = a === 2 && b === 2 && c === 2 ? [2, 2, 2]
      : a <= 3 && b <= 3 ? (b === undefined ? [6] : [3, 3])
      : a <= 4 && b === 2 ? [4, 2]
      : a === 2 && b === 4 ? [2, 4]
      : [6];
    spans.push(...row);
    k += row.length;
  }
  return spans;
}

export function mountFormulas(app) {
  const { store } = app;
  const panel = byId("formulas");
  const styles = { partial: "∂L/∂T", d: "dT" };
  const pick = Object.entries(styles).map(([style, shown]) =>
    element("button", { type: "button", "data-style": style, onclick: () => store.set({ style }) }, shown));
  const copy = createCopy(app);
  panel.querySelector(".head").append(
    element("span.segments", { role: "group", "aria-label": "How gradients are written" }, ...pick), copy);
  const box = element("div.lines");
  panel.append(box);
  let items = new Map();

  function draw(state) {
    const { answer, style } = state;
    const output = answer?.program?.output?.name;
    pick[0].textContent = output && output.length < 6 ? `∂${output}/∂T` : styles.partial;
    for (const button of pick) button.setAttribute("aria-pressed", String(button.dataset.style === (style === "d" ? "d" : "partial")));
    items = new Map();
    const groups = [];
    for (const pass of ["forward", "backward"]) {
      const own = (answer?.lines ?? []).filter((line) => line.pass === pass);
      if (own.length === 0) continue;
      const list = element(`ol.group.${pass}`, { "aria-label": pass });
      for (const line of own) {
        const step = answer.lines.indexOf(line) + 1;
        const hidden = line.id === hiddenLine(state);
        const button = element("button", { type: "button", "data-line": line.id, onclick: () => app.go(step) });
        if (hidden) button.append(element("span.veil", {}, `${line.name} = ?  Your turn`));
        else {
          const math = formulaIn("span", shownMath(line, style)).firstChild;
          math.setAttribute?.("aria-hidden", "true"); // a button is told by its text
          button.append(math, element("span.hidden", {}, style === "partial" ? line.partial : line.unicode));
        }
        const item = element(line.result ? "li.result" : "li", {}, button);
        list.append(item);
        items.set(line.id, { item, button, step });
      }
      groups.push(list);
    }
    box.replaceChildren(...groups);
    lay();
    light(state);
  }

  function lay() {
    const room = (box.firstElementChild?.clientWidth ?? 0) - 8;
    if (room <= 0) return;
    for (const list of box.children) {
      const buttons = [...list.querySelectorAll("button")];
      for (const button of buttons) button.style.fontSize = "";
      const widths = buttons.map((button) => (button.firstElementChild?.getBoundingClientRect().width ?? 0) + 26);
      const spans = spansOf(widths, room);
      buttons.forEach((button, k) => (button.parentElement.style.gridColumn = `span ${spans[k]}`));
      for (const [k, button] of buttons.entries()) if (widths[k] > room) fitFormula(button, 16.5, 12);
    }
  }

  function light(state) {
    const present = presentLine(state);
    for (const [id, { item, button, step }] of items) {
      const now = id === present?.id;
      item.classList.toggle("now", now);
      item.classList.toggle("later", state.step > 0 && step > state.step);
      if (now) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    const now = present && items.get(present.id)?.item;
    if (!now || box.scrollHeight <= box.clientHeight + 2) return;
    const [top, height] = [now.offsetTop, now.offsetHeight];
    if (top < box.scrollTop + 8 || top + height > box.scrollTop + box.clientHeight - 8) {
      box.scrollTop = top - box.clientHeight / 2 + height / 2;
    }
  }

  let laid = 0;
  store.on("answer style turn", draw);
  store.on("step", light);
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== laid) lay();
    laid = contentRect.width;
    light(store.state); // a box that has become lower still shows the present line
  }).observe(box);
  document.fonts?.ready.then(lay);
}
