// A formula in numbers: each of its arrays, with signs and parentheses as tall as they are.
import { heatmap } from "./array.js";
import { element, markup } from "./dom.js";
import { hiddenLine } from "./symbols.js";

const bracket = (side) => {
  const svg = markup(`<svg class="paren" viewBox="0 0 8 100" preserveAspectRatio="none" aria-hidden="true"><path d="M7 1Q1 22 1 50T7 99"/></svg>`);
  svg.classList.add(side);
  return svg;
};

// The largest number of the result: where one looks first.
function loudest(data) {
  let at = 0;
  data.forEach((value, k) => {
    if (typeof value === "number" && Math.abs(value) > Math.abs(Number(data[at]) || 0)) at = k;
  });
  return at;
}

export function createPlugged() {
  const sum = element("p.sum", { "aria-live": "polite" });
  const row = element("div.pieces");
  const place = element("div.plugged", { hidden: true }, row, sum);
  let id = null; // of the line
  let told = null; // what was drawn last
  let tables = []; // by piece, those that are arrays
  let chosen = 0;

  const shapeOf = ({ pieces }) => JSON.stringify(pieces.map(({ kind, name, shape, text, label }) => [kind, name, shape, text, label]));

  function array(piece, first) {
    const shape = piece.shape.length ? piece.shape.join(" by ") : "a number";
    if (piece.data === null || piece.data === undefined) return [element("span.large", {}, `${shape}, too large to show`), null];
    const table = heatmap(piece, { label: `${piece.name}, ${shape}`, gradient: Boolean(piece.gradient), small: true });
    if (first) {
      table.tabIndex = 0;
      table.classList.add("result");
    }
    return [table, table];
  }

  function label(piece) {
    const name = element("div.name");
    if (piece.label) name.append(/^\s*</.test(piece.label) ? markup(piece.label) : piece.label);
    else name.append(piece.name ?? "");
    return name;
  }

  function build(part, asked) {
    tables = [];
    const ends = [element("div.group.outer")];
    let sign = null;
    // a sign stays with what follows it, where the line breaks
    const put = (inside, node) => {
      inside.append(sign ? element("span.with", {}, sign, node) : node);
      sign = null;
    };
    for (const [k, piece] of part.pieces.entries()) {
      const inside = ends.at(-1);
      if (piece.kind === "open") {
        const group = element("div.group", {}, bracket("left"));
        const inner = element("div.group.inner");
        group.append(inner);
        put(inside, group);
        ends.push(inner);
      } else if (piece.kind === "close" && ends.length > 1) {
        ends.pop();
        if (sign) inside.append(sign);
        sign = null;
        inside.parentElement.append(bracket("right"));
      } else if (piece.kind === "array") {
        const [shown, table] = asked !== null && piece.name === asked
          ? [element("span.large", {}, "?"), null] : array(piece, k === 0);
        tables[k] = table;
        const named = element(`div.piece${piece.gradient ? ".gradient" : ""}`, piece.name ? { "data-symbol": piece.name } : {}, label(piece), shown);
        put(inside, named);
      } else {
        if (sign) inside.append(sign);
        sign = element("span.sign", {}, piece.text ?? "");
      }
    }
    if (sign) ends[0].append(sign);
    row.replaceChildren(...ends[0].childNodes);
  }

  function choose(k) {
    const cell = told?.cells?.[k];
    for (const table of tables) table?.mark([]);
    sum.textContent = "";
    if (!cell) return;
    chosen = k;
    tables[0]?.mark([k]);
    for (const [piece, cells] of Object.entries(cell.from ?? {})) tables[piece]?.mark(cells);
    // "row 3, column 2: .079 = .93 × (.93 − .84)": the number itself stands out
    const [, before, value, after] = /^(.*?:\s+)?(\S+)([^]*)$/.exec(cell.text) ?? [null, cell.text, "", ""];
    sum.append(before ?? "", element("b", {}, value), after);
  }

  const cellAt = (target) => {
    const cell = target.closest("td");
    return cell && tables[0] ? tables[0].cells.indexOf(cell) : -1;
  };
  for (const kind of ["pointerover", "click"]) {
    row.addEventListener(kind, (event) => {
      const k = cellAt(event.target);
      if (k >= 0) choose(k);
    });
  }
  row.addEventListener("keydown", (event) => {
    if (event.target !== tables[0] || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const shape = told.pieces[0].shape;
    const across = shape.length > 1 ? shape.at(-1) : 1;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: -chosen, End: tables[0].cells.length - 1 - chosen }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const to = chosen + by;
    if (to >= 0 && to < tables[0].cells.length) choose(to);
  });

  // Shows the numbers of a line, or nothing; where they are not there yet, the room for them.
  function show(line, state) {
    if (id !== line) {
      id = line;
      told = null;
      place.style.minHeight = place.hidden ? "" : `${place.offsetHeight}px`;
      row.replaceChildren();
      sum.textContent = "";
      tables = [];
    }
    update(state);
  }

  function update(state) {
    const part = id === null ? null : state.plugged?.[id] ?? null;
    place.hidden = id === null || (part === null && place.style.minHeight === "");
    if (part === null) return;
    if (part === told) return;
    place.style.minHeight = "";
    if (part.error || !part.pieces) {
      told = null;
      row.replaceChildren();
      sum.textContent = part.error?.message ?? "";
      place.hidden = sum.textContent === "";
      return;
    }
    const same = told !== null && shapeOf(told) === shapeOf(part);
    const asked = hiddenLine(state);
    told = part;
    if (same && asked === null) part.pieces.forEach((piece, k) => tables[k]?.show(piece));
    else {
      build(part, asked);
      chosen = loudest(part.pieces[0].data ?? []);
    }
    place.hidden = false;
    if (part.cells) choose(Math.min(chosen, part.cells.length - 1));
    else sum.textContent = tables[0] ? "The result is too large to write out its sums." : "";
  }

  return { place, show, update };
}
