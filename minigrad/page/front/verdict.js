// The badge: whether the gradient is right, and the table of witnesses behind it.
import { byId, element } from "./dom.js";

const SIGNS = { Proved: "✓", Checked: "✓", Wrong: "✗", "Not decided": "?" };
const KINDS = { Proved: "right", Checked: "right", Wrong: "wrong", "Not decided": "open" };
const AGREE = { pass: ["✓ agree", "right"], fail: ["✗ differ", "wrong"], inconclusive: ["? open", "open"] };

// An error as one says it: 2.1e−16, or what it is where it is no number.
export function shortError(value) {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  if (typeof value !== "number") return String(value);
  return value.toExponential(1).replace(/\.0e/, "e").replace("e-", "e−").replace("e+", "e");
}

export function mountVerdict(app) {
  const { store } = app;
  const badge = byId("badge");
  const body = element("div.body");
  const close = element("button.button.icon", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "✕");
  const head = element("h2", { id: "verdict-head" });
  const dialog = element("dialog.verdict", { "aria-labelledby": "verdict-head" }, element("div.dialog-head", {}, head, element("span.space"), close), body);
  byId("dialogs").append(dialog);
  badge.type = "button";
  badge.addEventListener("click", () => badge.getAttribute("aria-disabled") || dialog.showModal());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  function stateOf({ answer, error, stale, verdict }) {
    if (error || !answer) return { word: answer || error ? "Not yet" : "…", more: error?.line ? `mend line ${error.line}` : "", kind: "none" };
    if (stale || verdict === null) return { word: "Checking…", more: "", kind: "none" };
    if (verdict.error) return { word: "Not decided", more: "", kind: "open", verdict };
    return { word: verdict.badge, more: verdict.short ?? "", kind: KINDS[verdict.badge] ?? "open", verdict };
  }

  function draw(state) {
    const { word, more, kind, verdict } = stateOf(state);
    badge.className = `button badge ${kind}`;
    const sign = SIGNS[word] ?? "";
    badge.replaceChildren(sign && element("span", { "aria-hidden": "true" }, sign), word, more && element("span.long", {}, ` · ${more}`));
    if (verdict) badge.removeAttribute("aria-disabled");
    else badge.setAttribute("aria-disabled", "true");
    if (verdict) fill(verdict);
  }

  function fill(verdict) {
    head.textContent = verdict.badge ?? "Not decided";
    if (verdict.error) return body.replaceChildren(element("p", {}, verdict.error.message));
    const cells = (row) => {
      const [word, kind] = AGREE[row.verdict] ?? [row.verdict, "open"];
      return element("tr", {}, element("td", {}, row.one), element("td", {}, row.another), element("td", {}, row.of ?? ""),
        element("td.number", { title: row.tolerance ? `tolerance ${shortError(row.tolerance)}` : null }, shortError(row.error)),
        element(`td.${kind}`, {}, word, row.note ? element("small", {}, row.note) : null));
    };
    const titles = ["one way", "another way", "of", "largest error", "verdict"];
    body.replaceChildren(
      element("p", {}, `${verdict.short ?? ""}${/[.!?]$/.test(verdict.short ?? ".") ? "" : "."}`),
      ...(verdict.rows?.length ? [element("div.scrolling", { tabindex: 0, role: "region", "aria-label": "Witnesses" },
        element("table.witnesses", {},
          element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)))),
          element("tbody", {}, ...verdict.rows.map(cells))))] : []),
      ...list("What this shows", verdict.shown),
      ...list("Notes", verdict.notes),
    );
  }

  function list(title, items) {
    if (!items?.length) return [];
    return [element("h3", {}, title), element("ul", {}, ...items.map((item) => element("li", {}, item)))];
  }

  store.on("answer error stale verdict", draw);
}
