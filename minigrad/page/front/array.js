// Arrays as heat-maps: numbers on blue (values) or orange (gradients), grey below 0, deeper where larger.
import { element } from "./dom.js";

const SPECIAL = { NaN: "NaN", Infinity: "∞", "-Infinity": "−∞" };

// A number in three digits, without a leading zero: .079, −1.20, 12.3, 4.1e−7; whole ones as 1, among others as 1.00.
export function digits(value, among = false) {
  if (typeof value === "string") return SPECIAL[value] ?? value;
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size < 0.001 || size >= 100000) {
    const [mantissa, power] = size.toExponential(1).split("e");
    text = `${mantissa.replace(/\.0$/, "")}e${power.replace("+", "").replace("-", "−")}`;
  } else if (size < 0.1) text = size.toPrecision(2);
  else if (size < 100) text = size.toFixed(2);
  else text = String(Math.round(size));
  if (!among && /^\d+\.00$/.test(text) && Number.isInteger(size)) text = text.slice(0, -3);
  return (value < 0 ? "−" : "") + text.replace(/^0\./, ".");
}

// The rows and columns that an array is shown in: a vector stands, further axes are matrices below each other.
export function matrices(shape) {
  const columns = shape.length > 1 ? shape[shape.length - 1] : 1;
  const rows = shape.length > 1 ? shape[shape.length - 2] : shape[0] ?? 1;
  const count = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  return { rows, columns, count };
}

// Depth of the colour from 0 to 1, of the largest entry that is a number.
function depths(data) {
  const sizes = data.map((value) => (typeof value === "number" ? Math.abs(value) : 0));
  const largest = Math.max(...sizes, 1e-300);
  return sizes.map((size) => Math.sqrt(size / largest));
}

function colour(cell, value, depth, gradient) {
  cell.style.setProperty("--depth", depth.toFixed(3));
  cell.classList.toggle("below", typeof value === "number" && value < 0);
  cell.classList.toggle("odd", typeof value !== "number");
  cell.classList.toggle("gradient", gradient);
}

// A heat-map of {shape, data}. label: what it is called; gradient: orange; small; marked: flat places to frame.
// The table has .cells, its cells in order, and .show(array), which changes the numbers and nothing else.
export function heatmap(array, { label, gradient = false, small = false, marked = [] } = {}) {
  const { rows, columns, count } = matrices(array.shape);
  const table = element("table.array", { "aria-label": label });
  if (small) table.classList.add("small");
  table.cells = [];
  for (let block = 0; block < count; block += 1) {
    const body = element("tbody");
    for (let row = 0; row < rows; row += 1) {
      const line = element("tr");
      for (let column = 0; column < columns; column += 1) {
        const cell = element("td");
        table.cells.push(cell);
        line.append(cell);
      }
      body.append(line);
    }
    table.append(body);
  }
  table.show = (next) => {
    const depth = depths(next.data);
    const among = !next.data.every((value) => Number.isInteger(value));
    table.cells.forEach((cell, k) => {
      const text = digits(next.data[k], among);
      if (cell.firstElementChild === null && cell.textContent !== text) cell.textContent = text;
      cell.title = String(next.data[k]);
      colour(cell, next.data[k], depth[k], gradient);
    });
  };
  table.mark = (places) => table.cells.forEach((cell, k) => cell.classList.toggle("marked", places.includes(k)));
  table.show(array);
  if (marked.length > 0) table.mark(marked);
  return table;
}
