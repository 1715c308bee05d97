// The variables: their dims, declarations and numbers, and which of them are differentiated by.
import { heatmap } from "./array.js";
import { byId, element } from "./dom.js";
import { editable } from "./editable.js";
import { declaration } from "./program.js";
import { symbolMath } from "./symbols.js";

const [MOST_COLUMNS, MOST_CELLS] = [12, 256]; // of an array that is shown
const LARGEST = 64; // size of a dim

// Rows of rows, as a question carries them.
export function nested(shape, data) {
  if (shape.length === 0) return data[0];
  if (shape.length === 1) return [...data];
  const part = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, k) => nested(shape.slice(1), data.slice(k * part, (k + 1) * part)));
}

export function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0] ?? 0)] : [];
}

const flat = (value) => (Array.isArray(value) ? value.flat(Infinity) : [value]);
const same = (one, another) => one.length === another.length && one.every((value, k) => value === another[k]);

// What holds of an array as a whole and not of each number: other sizes need other numbers.
const OF_THE_WHOLE = ["spd", "orthogonal", "simplex", "onehot"];

export function mountVariables(app) {
  const { store } = app;
  const panel = byId("variables");
  const dims = element("div.dims", { role: "group", "aria-label": "Sizes" });
  const list = element("div.vars");
  const refused = element("p.refused", { role: "alert" });
  const foot = element("div.wrt");
  panel.querySelector(".head").append(element("span.space"), dims);
  panel.append(list, refused, foot);

  const variables = () => store.get("answer")?.program?.variables ?? [];

  // The numbers of a variable as they stand: what was written is shown before it is answered.
  function current(one) {
    const now = store.get("numbers")?.arrays?.[one.name];
    const written = store.get("values")[one.name];
    if (!now || written === undefined || !same(shapeOf(written), now.shape)) return now ?? null;
    return { shape: now.shape, data: flat(written) };
  }

  const known = () => store.get("numbers")?.sizes ?? store.get("answer")?.program?.dims ?? {};

  // -- sizes

  function resize(dim, size) {
    if (!Number.isInteger(size) || size < 1 || size > LARGEST) return app.say(`A size is a whole number from 1 to ${LARGEST}`);
    if (size === known()[dim]) return;
    const kept = { ...store.get("values") };
    for (const one of variables()) {
      if (one.assume.some((word) => OF_THE_WHOLE.includes(word))) delete kept[one.name];
      else {
        const now = current(one);
        if (now?.data) kept[one.name] = nested(now.shape, now.data);
      }
    }
    store.set({ sizes: { ...store.get("sizes"), [dim]: size }, values: kept });
  }

  function sizes() {
    const now = known();
    const names = Object.keys(now);
    const present = [...dims.children].map((box) => box.dataset.dim);
    if (!same(names, present)) dims.replaceChildren(...names.map(sizeBox));
    for (const box of dims.children) {
      const size = now[box.dataset.dim];
      const field = box.querySelector("input");
      if (document.activeElement !== field) field.value = size;
      if (!app.frozen) box.querySelector(".less").disabled = size <= 1;
    }
  }

  function sizeBox(dim) {
    const field = element("input", {
      type: "number", min: "1", max: String(LARGEST), "aria-label": `Size of ${dim}`, readonly: app.frozen,
      onchange: () => resize(dim, Number(field.value)),
    });
    const by = (step) => () => {
      field.value = Number(field.value) + step;
      resize(dim, Number(field.value));
    };
    const button = (kind, text, label, step) =>
      element(`button.${kind}`, { type: "button", "aria-label": label, onclick: by(step) }, text);
    const told = [element("b", {}, dim), element("span", {}, "="), field];
    if (app.frozen) return element("span.dim", { "data-dim": dim }, ...told);
    return element("span.dim", { "data-dim": dim }, ...told,
      button("less", "−", `${dim} smaller`, -1), button("more", "+", `${dim} larger`, 1));
  }

  // -- arrays

  function declared(one) {
    const text = store.get("variables")[one.name] ?? declaration(one);
    if (app.frozen) return element("code.declared", {}, text);
    const field = element("input.declared", {
      "aria-label": `Dims and assumptions of ${one.name}`, placeholder: "scalar", spellcheck: "false", autocomplete: "off",
      autocapitalize: "off", title: "Dims; after a bar what is assumed: n n | spd",
    });
    field.value = text;
    field.size = Math.max(text.length, 5);
    field.addEventListener("change", () => {
      const next = field.value.trim();
      if (next !== text) store.set({ variables: { ...store.get("variables"), [one.name]: next } });
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      if (event.key === "Escape") field.value = text;
      field.blur();
    });
    return field;
  }

  function box(one) {
    const { name } = one;
    const now = current(one);
    const shape = now?.shape ?? one.shape;
    const made = element("div.var", { "data-name": name }, element("h3", {}, symbolMath(store.get("answer"), one.name), declared(one)));
    const label = `${name}, ${shape.length > 0 ? shape.join(" by ") : "a scalar"}`;
    if (!now?.data || now.data.length > MOST_CELLS || (shape.length > 1 && shape.at(-1) > MOST_COLUMNS)) {
      made.append(element("p.large", {}, `${shape.join("×")} numbers, too many to show`));
    } else if (app.frozen) made.append((made.table = heatmap(now, { label })));
    else {
      made.table = editable(now, {
        label, assume: one.assume,
        changed: (data) => store.set({ values: { ...store.get("values"), [name]: nested(shape, data) } }),
      });
      made.append(made.table);
    }
    return made;
  }

  let drawn = "";
  function arrays() {
    if (!store.get("numbers")?.arrays) return;
    const key = JSON.stringify([variables().map((one) => [one.name, one.dims, one.assume, current(one)?.shape]), store.get("variables")]);
    if (key !== drawn) {
      drawn = key;
      list.replaceChildren(...variables().map(box));
      return;
    }
    variables().forEach((one, k) => {
      const now = current(one);
      if (now?.data && list.children[k]?.table) list.children[k].table.show(now);
    });
  }

  // -- below: what to differentiate by, how often, and other numbers

  function toggle(name) {
    const now = store.get("answer").program.wrt;
    const may = variables().filter((one) => one.differentiable).map((one) => one.name);
    const next = may.filter((one) => (one === name ? !now.includes(one) : now.includes(one)));
    if (next.length === 0) return app.say("At least one variable is differentiated by");
    store.set({ wrt: next.length === may.length ? null : next });
  }

  function below() {
    const { answer, order, start } = store.state;
    if (!answer?.program) return foot.replaceChildren();
    const had = foot.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const button = (kind, key, label, facts, ...inside) =>
      element(`button.${kind}`, { type: "button", "data-key": key, "aria-label": label, disabled: app.frozen, ...facts }, ...inside);
    const chips = variables().map((one) => button("chip", `wrt ${one.name}`, `Gradient by ${one.name}`, {
      "aria-pressed": String(answer.program.wrt.includes(one.name)), disabled: app.frozen || !one.differentiable,
      title: one.differentiable ? null : `${one.name} is not differentiable`, onclick: () => toggle(one.name),
    }, symbolMath(store.get("answer"), one.name)));
    const orders = [1, 2].map((k) => button("part", `order ${k}`, k === 1 ? "1st derivatives" : "2nd derivatives", {
      "aria-pressed": String(order === k), onclick: () => store.set({ order: k }),
    }, k === 1 ? "1st" : "2nd"));
    const numbers = [
      button("button", "randomise", "Randomise the numbers", {
        onclick: () => store.set({ seed: store.get("seed") + 1, start: "random", values: {} }),
      }, "Randomise"),
      button("button", "0/1", "0/1 weights: zeros and ones", {
        "aria-pressed": String(start === "0/1"), title: "0/1 weights: zeros and ones",
        onclick: () => store.set({ start: start === "0/1" ? "random" : "0/1", values: {} }),
      }, "0/1 weights"),
    ];
    foot.replaceChildren(
      element("div.by", { role: "group", "aria-label": "Gradient by" }, element("span", {}, "Gradient by"), ...chips),
      ...(app.frozen ? [] : [
        element("div.by", { role: "group", "aria-label": "Order of the derivatives" }, element("span", {}, "Order"), element("span.parts", {}, ...orders)),
        element("div.by.numbers", {}, ...numbers, element("span.hint", {}, "Drag a number, or type a new one.")),
      ]));
    if (had) foot.querySelector(`[data-key="${CSS.escape(had)}"]`)?.focus();
  }

  // -- what no longer fits, what is refused

  let good = store.get("values"); // the last numbers that could be
  let fitting = store.get("sizes");

  // Numbers of a variable that is gone or has other axes belong to an earlier program; what was said of them, too.
  function prune() {
    const { values, answer } = store.state;
    if (!answer?.program) return;
    const axes = new Map(variables().map((one) => [one.name, one.shape.length]));
    const stay = Object.entries(values).filter(([name, value]) => axes.get(name) === shapeOf(value).length);
    if (stay.length === Object.keys(values).length) return;
    good = Object.fromEntries(stay);
    store.set({ values: good, refusal: null });
  }

  function judge() {
    const { numbers, refusal, values, sizes: asked } = store.state;
    if (refusal) {
      refused.textContent = [refusal.heading, refusal.text].filter(Boolean).join(". ");
      if (values !== good || asked !== fitting) store.set({ values: good, sizes: fitting });
      else if (Object.keys(values).length > 0) store.set({ values: (good = {}) }); // a link may hold what cannot be
    } else if (numbers) [good, fitting] = [values, asked];
  }

  store.on("answer", prune);
  store.on("numbers refusal", judge);
  store.on("answer numbers values variables", arrays);
  store.on("answer numbers", sizes);
  store.on("answer order start wrt", below);
  store.on("values sizes program", ({ values }) => {
    if (values !== good) refused.textContent = "";
  });
}
