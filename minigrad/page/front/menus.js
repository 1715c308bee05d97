// Examples, Share, Export: buttons, and on a phone one menu of them all.
import { written } from "./address.js";
import { byId, element } from "./dom.js";

// A button that opens a list of acts: [{label, hint, act}]. Arrow keys, Home, End, Esc, a click elsewhere.
export function menu(button, items) {
  const list = element("div.menu-list", { role: "menu", hidden: true });
  const rows = items.map(({ label, hint, act }) => element("button", {
    type: "button", role: "menuitem", tabindex: "-1",
    onclick: () => {
      open(false);
      act();
    },
  }, element("span", {}, label), hint && element("small", {}, hint)));
  list.append(...rows);
  button.setAttribute("aria-haspopup", "menu");
  const box = element("span.menu", {}, button, list);
  const open = (shown) => {
    list.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
    if (shown) rows[0].focus();
  };
  open(false);
  button.addEventListener("click", () => open(list.hidden));
  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const at = rows.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape") {
      open(false);
      button.focus();
    } else if (to !== undefined) rows.at(to % rows.length).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("focusout", ({ relatedTarget }) => {
    if (!list.hidden && !box.contains(relatedTarget)) open(false);
  });
  return box;
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function save(text, name, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

export function mountMenus(app) {
  const { store } = app;
  const called = () => (store.get("title") || "gradient").trim().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").toLowerCase() || "gradient";

  async function share() {
    const address = `${location.href.split("#")[0]}#${await written(store.state)}`;
    history.replaceState(null, "", address);
    const done = await copy(address);
    app.say(done ? "Link copied: program, sizes, numbers and step are in it" : "The address of this page is the link; copy it from there");
  }

  async function exportPage() {
    app.say("Writing the page …");
    const state = Object.fromEntries(["title", "step", "style"].map((key) => [key, store.get(key)]));
    try {
      const response = await fetch("export", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...app.question(), state }),
      });
      if (!response.ok) {
        const told = await response.json().catch(() => ({}));
        return app.say(told.error?.message ?? told.error ?? "The page could not be written");
      }
      save(await response.text(), `${called()}.html`, "text/html");
      app.say("Saved: a page by itself, that steps without minigrad");
    } catch {
      app.say("minigrad has ended; start minigrad open again");
    }
  }

  function exportPicture() {
    const svg = store.get("graph")?.svg;
    if (!svg) return app.say("There is no graph to save yet");
    save(svg, `${called()}.svg`, "image/svg+xml");
  }

  async function exportSource(language, ending) {
    const sources = store.get("sources") ?? (app.frozen ? null : (await app.ask({ sources: {} }, "sources"))?.sources);
    const source = sources?.[language];
    if (!source?.text) return app.say(source?.error?.message ?? "There is no source to save yet");
    save(source.text, `${called()}.${ending}`, "text/plain");
  }

  const saved = (label, hint, act) => ({ label, hint, act });
  const exports = [
    ...(app.frozen ? [] : [saved("Web page", ".html, steps without network", exportPage)]),
    saved("Graph", ".svg", exportPicture),
    saved("LaTeX", ".tex", () => exportSource("latex", "tex")),
    saved("Typst", ".typ", () => exportSource("typst", "typ")),
    saved("NumPy", ".py", () => exportSource("numpy", "py")),
    saved("JAX", ".py", () => exportSource("jax", "py")),
    saved("PyTorch", ".py", () => exportSource("torch", "py")),
    saved("Print", "or save as PDF", () => print()),
  ];
  const examples = app.gallery.length > 0 ? [{ label: "Examples", act: () => app.openGallery() }] : [];
  const links = app.frozen ? [] : [{ label: "Share", hint: "copies a link", act: share }];
  const button = (label, act) => element("button.button", { type: "button", onclick: act }, label);
  const exporting = element("button.button", { type: "button" }, "Export", element("span.down", { "aria-hidden": "true" }));
  const more = element("button.button.icon", { type: "button", "aria-label": "More" }, "⋯");
  byId("menus").append(
    element("span.wide-menu", {}, ...[...examples, ...links].map(({ label, act }) => button(label, act)), menu(exporting, exports)),
    element("span.narrow-menu", {}, menu(more, [...examples, ...links, ...exports])),
  );

  const title = byId("title");
  title.readOnly = app.frozen;
  title.addEventListener("input", () => store.set({ title: title.value }));
  title.addEventListener("keydown", (event) => event.key === "Enter" && title.blur());
  store.on("title", ({ title: text }) => {
    if (title.value !== text) title.value = text;
    document.title = text ? `${text} · minigrad` : "minigrad";
  });
}
