// Light or dark: as the system says until the switch is used. All colours are told once, as light-dark(…),
// and follow the page's colour scheme.
import { byId, element } from "./dom.js";

const KEPT = "minigrad-theme";

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a page that may keep nothing follows the system
  }
}

export function mountTheme(app) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = byId("theme");
  let chosen = ["light", "dark"].includes(kept()) ? kept() : null;

  function show() {
    const dark = chosen === null ? system.matches : chosen === "dark";
    document.documentElement.style.colorScheme = chosen ?? "";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
    button.title = `${dark ? "Light" : "Dark"} colours (d)`;
  }

  app.turnTheme = () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEPT, chosen);
    } catch {
      // it then lasts as long as the page
    }
    show();
  };
  button.append(element("span.half", { "aria-hidden": "true" }));
  button.addEventListener("click", app.turnTheme);
  system.addEventListener("change", show);
  show();
}
