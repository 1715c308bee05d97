// The examples, in a dialog: what each is called, what it shows, and its program.
import { byId, element } from "./dom.js";

// A dialog with a head; it closes by Esc, its button, and a click beside it.
export function dialog(title, id) {
  const box = element("dialog", { id, "aria-labelledby": `${id}-head` });
  const close = element("button.button.icon", { type: "button", "aria-label": "Close", onclick: () => box.close() }, "✕");
  box.append(element("div.dialog-head", {}, element("h2", { id: `${id}-head` }, title), element("span.space"), close));
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  byId("dialogs").append(box);
  return box;
}

export function mountGallery(app) {
  if (app.gallery.length === 0) return;
  const { store } = app;
  const box = dialog("Examples", "gallery");
  const open = (example) => {
    box.close();
    const { title, program, variables = {}, sizes = {}, values = {}, wrt = null, order = 1, seed = 0, start = "random" } = example;
    store.set({ title, program, variables, sizes, values, wrt, order, seed, start, step: 0, symbol: null, turn: null });
  };
  const tile = (example) => element("button.tile", { type: "button", onclick: () => open(example) },
    element("b", {}, example.title), element("span", {}, example.sentence ?? ""), element("code", {}, example.program.trim()));
  const tiles = app.gallery.map(tile);
  const list = element("div.tiles", {}, ...tiles);
  box.append(list);
  // arrow keys go from tile to tile, up and down by as many as stand in a row
  list.addEventListener("keydown", (event) => {
    const at = tiles.indexOf(event.target);
    const across = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
    if (at < 0 || !by || !tiles[at + by]) return;
    event.preventDefault();
    tiles[at + by].focus();
  });
  app.openGallery = () => {
    const { program } = store.state;
    tiles.forEach((one, k) => one.setAttribute("aria-current", String(app.gallery[k].program.trim() === program.trim())));
    box.showModal();
    (tiles.find((one) => one.ariaCurrent === "true") ?? tiles[0]).focus();
  };
}
