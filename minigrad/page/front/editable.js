// A heat-map whose numbers can be changed: typed, dragged sideways, by keys; one cell of it is in the order of Tab.
import { heatmap, matrices } from "./array.js";
import { element } from "./dom.js";

const PIXELS = 3; // to a step of dragging
const DRAGGED = 0.05;
const PRESSED = 0.1;

const rounded = (value) => Math.round(value * 1000) / 1000 + 0;

// The kinds of numbers that are not all numbers: what a click makes of a flat array at a place.
const turned = {
  "0/1": (data, at) => data.with(at, data[at] ? 0 : 1),
  bool: (data, at) => data.with(at, data[at] ? 0 : 1),
  pm1: (data, at) => data.with(at, -data[at]),
  onehot: (data, at, columns) => {
    const start = at - (at % columns);
    return data.map((value, k) => (k >= start && k < start + columns ? Number(k === at) : value));
  },
};

// array: {shape, data}; assume: what is assumed of it; changed(data): takes the new numbers.
export function editable(array, { label, assume, changed }) {
  const { shape } = array;
  const { rows, columns } = matrices(shape);
  const across = shape.length > 0 ? shape.at(-1) : 1;
  const turn = turned[assume.find((word) => word in turned)];
  const mirrored = assume.some((word) => word === "symmetric" || word === "spd");
  const shared = assume.includes("simplex") && across > 1;
  const whole = assume.includes("index");
  const table = heatmap(array, { label });
  const { cells } = table;
  let { data } = array;
  let current = 0;
  let field = null;

  table.setAttribute("role", "grid");
  table.classList.add("editable");
  table.classList.toggle("turning", Boolean(turn));
  cells.forEach((cell, k) => {
    cell.setAttribute("role", "gridcell");
    cell.tabIndex = k === 0 ? 0 : -1;
  });

  const show = table.show;
  table.show = (next) => {
    data = next.data;
    show(next);
  };

  function change(next) {
    if (next.every((value, k) => Object.is(value, data[k]))) return;
    table.show({ shape, data: next });
    changed(next);
  }

  function set(at, value) {
    const next = data.with(at, whole ? Math.max(0, Math.round(value)) : rounded(value));
    if (mirrored) { // the same number on the other side of the diagonal
      const block = at - (at % (rows * columns));
      const [i, j] = [Math.floor((at - block) / columns), at % columns];
      next[block + j * columns + i] = next[at];
    } else if (shared) { // the rest of its row shares what it leaves
      const start = at - (at % across);
      next[at] = Math.min(Math.max(value, 0.01), 0.99);
      for (let k = start; k < start + across; k += 1) {
        if (k !== at) next[k] = (data[k] * (1 - next[at])) / (1 - data[at]);
      }
    }
    change(next);
  }

  const flip = (at) => change(turn([...data], at, across));

  function go(at, focus = true) {
    if (at < 0 || at >= cells.length) return;
    cells[current].tabIndex = -1;
    current = at;
    cells[at].tabIndex = 0;
    if (focus) cells[at].focus();
  }

  function write(at, begun = null) {
    const cell = cells[at];
    const old = cell.textContent;
    let over = false;
    field = element("input", { type: "text", inputmode: "text", "aria-label": `${label}, a number`, autocomplete: "off" });
    field.value = begun ?? String(data[at]);
    const end = (keep, to) => {
      if (over) return;
      over = true;
      const text = field.value.trim().replace("−", "-").replace(/^([-+]?\d*),(\d+)$/, "$1.$2");
      const value = text === "" ? NaN : Number(text);
      field = null;
      cell.textContent = old;
      if (keep && Number.isFinite(value)) set(at, value);
      if (to !== null) go(Math.min(Math.max(to, 0), cells.length - 1));
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true, at + (event.shiftKey ? -columns : columns) in cells ? at + (event.shiftKey ? -columns : columns) : at);
      else if (event.key === "Escape") end(false, at);
      else return;
      event.preventDefault();
    });
    field.addEventListener("blur", () => end(true, null));
    cell.replaceChildren(field);
    field.focus();
    if (begun === null) field.select();
  }

  table.addEventListener("keydown", (event) => {
    const at = cells.indexOf(event.target);
    if (at < 0 || event.metaKey || event.altKey) return;
    const { key, ctrlKey: far } = event;
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -(at % columns), End: columns - 1 - (at % columns) };
    if (far) Object.assign(moves, { ArrowUp: -columns, ArrowDown: columns, Home: -at, End: cells.length - 1 - at });
    const steps = { ArrowUp: 1, ArrowDown: -1 };
    if (key in moves) go(at + moves[key]);
    else if (key in steps && !far) {
      if (turn) flip(at);
      else set(at, data[at] + steps[key] * (whole ? 1 : PRESSED * (event.shiftKey ? 10 : 1)));
    } else if (key === " " || key === "Enter" || key === "F2") {
      if (turn) flip(at);
      else write(at);
    } else if (!far && /^[-−+.,\d]$/.test(key) && !turn) write(at, key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  table.addEventListener("pointerdown", (event) => {
    const at = cells.indexOf(event.target);
    if (at < 0 || event.button !== 0) return;
    const cell = cells[at];
    const from = { x: event.clientX, value: data[at] };
    let moved = false;
    go(at, false);
    const move = ({ clientX }) => {
      const by = clientX - from.x;
      if (turn || typeof from.value !== "number" || (!moved && Math.abs(by) < PIXELS)) return;
      if (!moved) cell.setPointerCapture(event.pointerId);
      moved = true;
      cell.classList.add("dragged");
      set(at, from.value + Math.round(by / PIXELS) * (whole ? 0.25 : DRAGGED));
    };
    const done = ({ type }) => {
      for (const kind of ["pointermove", "pointerup", "pointercancel"]) cell.removeEventListener(kind, kind === "pointermove" ? move : done);
      cell.classList.remove("dragged");
      if (moved || type === "pointercancel") return cell.focus();
      if (!turn) return write(at);
      flip(at);
      cell.focus();
    };
    cell.addEventListener("pointermove", move);
    cell.addEventListener("pointerup", done);
    cell.addEventListener("pointercancel", done);
    event.preventDefault(); // no selection of text
  });
  return table;
}
