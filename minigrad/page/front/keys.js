// The keys of the page, and the line below that tells them.
import { byId, element } from "./dom.js";

const TOLD = [
  [["←", "→"], "step"], [["Home", "End"], "first, last"], [["Esc"], "show all"], [["+", "−", "0"], "zoom, fit"],
  [["e"], "examples"], [["d"], "light or dark"], [["/"], "program"],
];

// Where a key belongs to what has the focus.
const OWN = "input, textarea, select, [contenteditable], [role=grid] *, [role=tab], [role=menu] *, [role=slider]";

export function mountKeys(app) {
  const acts = {
    ArrowRight: () => app.go(app.store.get("step") + 1),
    ArrowLeft: () => app.go(app.store.get("step") - 1),
    Home: () => app.go(1),
    End: () => app.go(Infinity),
    Escape: () => app.go(0),
    "+": () => app.zoom?.("in"),
    "=": () => app.zoom?.("in"),
    "-": () => app.zoom?.("out"),
    0: () => app.zoom?.("fit"),
    e: () => app.openGallery?.(),
    d: () => app.turnTheme(),
    "/": () => byId("text").focus(),
  };
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(OWN) || document.querySelector("dialog[open]")) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) return; // these move the graph
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  byId("keys").append(
    ...TOLD.filter(([[key]]) => key !== "e" || app.gallery.length > 0).map(([keys, does]) =>
      element("span", {}, ...keys.flatMap((key) => [element("kbd", {}, key), " "]), does)),
    element("span.space"),
    element("span", {}, app.frozen ? "A copy to read; its numbers are frozen." : "Runs on this computer; nothing leaves it."),
  );
}
