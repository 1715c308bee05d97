// Every value and its gradient, in rows by kind; a new number takes the place of the old one.
import { heatmap } from "./array.js";
import { byId, element } from "./dom.js";
import { hiddenLine, presentLine, symbolMath } from "./symbols.js";

export function mountValues(app) {
  const { store } = app;
  const panel = byId("values");
  const key = (kind, text) => element("span", {}, element(`i.${kind}`), text);
  panel.querySelector(".head").append(element("span.legend", {},
    key("value", "value"), key("change", "gradient"), key("below", "below 0"), element("span.deeper", {}, "deeper is larger")));
  const box = element("div.flow");
  panel.append(box);
  let drawn = "";
  let shown = new Map();

  // What is shown, by rows: variables, forward lines, and what the way back names of its own.
  function rowsOf({ answer, numbers }) {
    const arrays = numbers?.arrays ?? {};
    const variables = new Set(answer.program?.variables?.map((one) => one.name) ?? []);
    const order = (numbers.order ?? Object.keys(arrays)).filter((name) => name in arrays);
    const entry = (name) => ({ name, value: arrays[name], gradient: gradientOf(arrays[name]) });
    const seen = new Set(order);
    const own = answer.lines
      .filter((line) => line.pass === "backward" && !line.of && !seen.has(line.id) && numbers.lines?.[line.id])
      .map((line) => ({ name: line.id, value: numbers.lines[line.id], gradient: null, result: line.result }));
    return [
      order.filter((name) => variables.has(name)).map(entry),
      [...order.filter((name) => !variables.has(name)).map(entry), ...own.filter((one) => !one.result)],
      own.filter((one) => one.result),
    ].filter((row) => row.length > 0);
  }

  const gradientOf = (array) => (array.gradient ? { shape: array.shape, data: array.gradient } : null);

  const sizeOf = (array) => (array.shape.length === 0 ? "scalar" : array.shape.join("×"));

  function one(state, { name, value, gradient, result }) {
    const heads = element("h3", {}, symbolMath(state.answer, name), element("span", {}, sizeOf(value)));
    const tables = element("div.both");
    const made = { value: null, gradient: null };
    if (value.large || !value.data) tables.append(element("span.large", {}, "too large to show"));
    else {
      made.value = heatmap(value, { label: name, gradient: Boolean(result) });
      made.value.setAttribute("data-symbol", name);
      tables.append(made.value);
    }
    if (gradient) {
      made.gradient = heatmap(gradient, { label: `gradient of ${name}`, gradient: true });
      made.gradient.setAttribute("data-symbol", `d${name}`);
      tables.append(made.gradient);
    }
    const place = element("div.one", {}, heads, tables);
    shown.set(name, { place, ...made });
    return place;
  }

  function draw(state) {
    const { answer, numbers } = state;
    if (!answer || !numbers || numbers.error || !numbers.arrays) {
      box.replaceChildren(element("p.empty", {}, numbers?.error?.message ?? ""));
      drawn = "";
      return;
    }
    const rows = rowsOf(state);
    const hidden = answer.lines.find((line) => line.id === hiddenLine(state));
    if (hidden) for (const row of rows) for (const entry of row) if (entry.name === hidden.of) entry.gradient = null;
    const kinds = JSON.stringify(rows.map((row) => row.map((e) => [e.name, e.value.shape, Boolean(e.value.data), Boolean(e.gradient)])));
    if (kinds === drawn) {
      for (const row of rows) {
        for (const { name, value, gradient } of row) {
          shown.get(name).value?.show(value);
          if (gradient) shown.get(name).gradient?.show(gradient);
        }
      }
    } else {
      shown = new Map();
      box.replaceChildren(...rows.map((row) => element("div.row", {}, ...row.map((entry) => one(state, entry)))));
      drawn = kinds;
    }
    reach();
    light(state);
  }

  // What is wider than its room can be scrolled by keyboard, too.
  function reach() {
    for (const both of box.querySelectorAll(".both")) {
      if (both.scrollWidth > both.clientWidth) both.tabIndex = 0;
      else both.removeAttribute("tabindex");
    }
  }

  function light(state) {
    const line = presentLine(state);
    for (const [name, { place }] of shown) {
      place.classList.toggle("now", line !== null && name === (line.of ?? line.id));
      place.classList.toggle("backward", line?.pass === "backward");
    }
  }

  store.on("answer", () => (drawn = ""));
  store.on("answer numbers turn", draw);
  store.on("step", light);
  new ResizeObserver(reach).observe(box);
}
