// The page begins here: the state from the address, the command line or an export, then every panel.
import { read, written } from "./address.js";
import { createCall } from "./call.js";
import { byId, createSay } from "./dom.js";
import { createSession } from "./session.js";
import { createStore } from "./store.js";
import { mountDerivation } from "./derivation.js";
import { mountFormulas } from "./formulas.js";
import { mountGallery } from "./gallery.js";
import { mountKeys } from "./keys.js";
import { mountMenus } from "./menus.js";
import { mountPicture } from "./picture.js";
import { mountProgram } from "./program.js";
import { mountSource } from "./source.js";
import { mountSymbols } from "./symbols.js";
import { mountTabs } from "./tabs.js";
import { mountTheme } from "./theme.js";
import { mountTraining } from "./training.js";
import { mountTurn } from "./turn.js";
import { mountValues } from "./values.js";
import { mountVariables } from "./variables.js";
import { mountVerdict } from "./verdict.js";

const EMPTY = {
  title: "", program: "", variables: {}, sizes: {}, values: {}, wrt: null, order: 1, seed: 0, start: "random",
  step: 0, style: "partial", turn: null, symbol: null, asking: false,
  answer: null, graph: null, error: null, stale: false, busy: false, numbers: null, refusal: null, plugged: {}, sources: null, verdict: null,
};

const json = async (name) => (await fetch(name)).json();

async function start() {
  const frozen = JSON.parse(byId("frozen")?.textContent || "null");
  const gallery = frozen ? [] : await json("gallery.json");
  const given = frozen ? frozen.state : await json("start.json");
  const linked = location.hash.length > 1 ? await read(location.hash.slice(1)) : null;
  const first = gallery[0] ?? {};
  const store = createStore({ ...EMPTY, ...(linked ?? (given.program ? given : first)), ...(frozen ? frozen.answers : {}) });
  if (frozen) store.set({ graph: { ...store.get("answer").graph, of: store.get("answer") } });
  if (frozen && linked) store.set({ step: linked.step ?? 0 });
  const { call, cancel } = createCall();
  const session = createSession(store, call);
  // store: the state; ask(parts, lane): the one call; say(text): a word to the reader; frozen: an export,
  // in which nothing is asked and no number changes; go(step): 0 shows all, k the k-th line
  const app = {
    store,
    gallery,
    frozen: frozen !== null,
    ask: session.ask,
    cancel,
    question: session.question,
    say: createSay(byId("said")),
    go: (step) => store.set({ step: Math.min(Math.max(step, 0), store.get("answer")?.lines.length ?? 0) }),
  };
  document.body.classList.toggle("frozen", app.frozen);
  for (const mount of [
    mountTheme, mountTabs, mountProgram, mountVariables, mountPicture, mountDerivation, mountFormulas, mountValues,
    mountTraining, mountTurn, mountSource, mountVerdict, mountSymbols, mountGallery, mountMenus, mountKeys,
  ]) mount(app);
  store.on("stale answer", ({ stale, answer }) => {
    document.body.classList.toggle("stale", stale);
    document.body.classList.toggle("empty", answer === null);
  });
  if (!app.frozen) session.begin();
  let saving = 0;
  store.on("title program variables sizes values wrt order seed start step style turn", () => {
    clearTimeout(saving);
    saving = setTimeout(async () => {
      if (!app.frozen) history.replaceState(null, "", `#${await written(store.state)}`);
    }, 300);
  });
  document.body.dataset.ready = "true"; // what drives the page may begin
}

start();
