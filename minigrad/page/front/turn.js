// Your turn: the reader writes the gradient of a step, and is told whether it is right, and if not, why.
import { heatmap } from "./array.js";
import { written } from "./address.js";
import { copyText } from "./copying.js";
import { byId, element } from "./dom.js";
import { formulaIn, presentLine, symbolMath } from "./symbols.js";

const DEGREES = 3;
const VERDICTS = { right: ["✓", "right"], wrong: ["✗", "wrong"], unreadable: ["✗", "wrong"], open: ["?", "open"] };

// The lines that can be asked for: gradients on the way back, of something that has a name.
const questionsOf = (answer) => (answer?.lines ?? []).filter((line) => line.pass === "backward" && line.of && line.uses.length > 0);

export function mountTurn(app) {
  const { store } = app;
  const panel = byId("turn");
  if (app.frozen) {
    panel.remove(); // nothing can judge there
    return;
  }
  const which = element("select", { "aria-label": "Which gradient" });
  const hide = element("button.button", { type: "button" });
  const share = element("button.button", { type: "button", title: "Copies a link that opens at this question" }, "Share this question");
  panel.querySelector(".head").append(which, element("span.space"), hide, share);
  const asked = element("p.asked", { id: "turn-asked" });
  const left = element("span.left");
  const input = element("input", {
    type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-describedby": "turn-asked",
  });
  const judge = element("button.button.main", { type: "submit" }, "Judge");
  const form = element("form.answer", {}, left, input, judge);
  const names = element("div.given");
  const verdict = element("div.judged", { role: "status" });
  const hints = element("ol.hints", { "aria-label": "Hints" });
  const hint = element("button.button", { type: "button" });
  const body = element("div.body", {}, asked, form, names, verdict, hints, hint);
  const empty = element("p.body.empty", {}, "This program has no gradient to ask for.");
  panel.append(body, empty);
  let line = null; // that is asked for
  let told = []; // hints so far

  // What the reader may use: the gradients before this one, and all of the way forward.
  const given = (answer) => {
    const before = answer.lines.slice(0, answer.lines.indexOf(line));
    return before.filter((one) => one.pass === "backward").map((one) => one.id);
  };

  function choose(state) {
    const { answer, turn } = state;
    const questions = questionsOf(answer);
    const present = presentLine(state);
    return questions.find((one) => one.id === turn?.of)
      ?? questions.find((one) => one.id === present?.id) ?? (questions.includes(line) ? line : questions[0]) ?? null;
  }

  function drawChoice(state, questions) {
    const follow = element("option", { value: "" }, "the present step");
    const options = questions.map((one) => element("option", { value: one.id }, `the gradient of ${one.of}`));
    which.replaceChildren(follow, ...options);
    which.value = questions.some((one) => one.id === state.turn?.of) ? state.turn.of : "";
  }

  function drawQuestion(state) {
    const { answer } = state;
    const users = answer.lines.filter((one) => one.pass === "forward" && one.uses.includes(line.of));
    const parts = users.flatMap((one, k) => [k === 0 ? "" : k === users.length - 1 ? " and " : ", ", ...formulaIn("span", one.mathml).childNodes]);
    const before = users.map((one) => answer.lines.find((other) => other.pass === "backward" && other.of === one.id))
      .filter((other) => other && answer.lines.indexOf(other) < answer.lines.indexOf(line));
    const known = before.flatMap((one, k) => [k === 0 ? ", and you know " : ", ", symbolMath(answer, one.id), ` (${one.id})`]);
    asked.replaceChildren(...parts, ...known, users.length ? ". What is the gradient of " : "What is the gradient of ", symbolMath(answer, line.of), "?");
    left.replaceChildren(leftOf(answer, line), " = ");
    input.setAttribute("aria-label", `The gradient of ${line.of}`);
    input.placeholder = "in NumPy notation";
    names.replaceChildren(element("span", {}, "Names:"), ...[...new Set([...users.flatMap((one) => [...one.uses, one.id]), ...before.map((one) => one.id)])]
      .slice(0, 12).map((name) => element("button", { type: "button", title: `Insert ${name}`, onclick: () => insert(name) }, name)));
  }

  // ∂L/∂K, as the line's own formula begins.
  function leftOf(answer, one) {
    const whole = formulaIn("span", one.mathmlPartial).firstChild;
    const fraction = whole.querySelector?.("mfrac");
    if (fraction?.textContent.startsWith("∂")) {
      const math = whole.cloneNode(false);
      math.append(fraction);
      return math;
    }
    return symbolMath(answer, one.id);
  }

  function insert(name) {
    const at = input.selectionStart ?? input.value.length;
    input.setRangeText(name, at, input.selectionEnd ?? at, "end");
    input.focus();
  }

  function drawHint() {
    hints.hidden = told.length === 0;
    hints.replaceChildren(...told.map((text) => element("li", {}, text)));
    hint.hidden = told.length >= DEGREES;
    hint.textContent = told.length === 0 ? "A hint" : `A plainer hint (${told.length + 1} of ${DEGREES})`;
  }

  function draw(state) {
    const questions = questionsOf(state.answer);
    if (state.turn?.of && state.answer && !questions.some((one) => one.id === state.turn.of)) {
      store.set({ turn: null }); // the program asks for it no more
      return;
    }
    body.hidden = questions.length === 0;
    empty.hidden = questions.length > 0 || state.answer === null;
    const next = choose(state);
    const changed = next?.id !== line?.id;
    line = next;
    drawChoice(state, questions);
    const hidden = Boolean(state.turn?.hide);
    hide.textContent = hidden ? "Show the answer" : "Hide the answer";
    hide.setAttribute("aria-pressed", String(hidden));
    hide.disabled = share.disabled = line === null;
    if (changed) {
      told = [];
      input.value = "";
      verdict.replaceChildren();
    }
    if (line === null) return;
    drawQuestion(state);
    drawHint();
  }

  async function judging(event) {
    event?.preventDefault();
    if (input.value.trim() === "" || line === null) return input.focus();
    const own = line;
    judge.disabled = true;
    const answer = await app.ask({ turn: { of: own.of, answer: input.value, given: given(store.get("answer")) } }, "turn");
    judge.disabled = false;
    if (answer === null || own !== line) return;
    const turn = answer.ok ? answer.turn : { verdict: "unreadable", heading: answer.error.heading ?? "This cannot be judged", text: answer.error.text ?? answer.error.message };
    showVerdict(turn.error ? { verdict: "unreadable", heading: turn.error.heading ?? "This cannot be judged", text: turn.error.text ?? turn.error.message } : turn);
  }

  function showVerdict(turn) {
    const [sign, kind] = VERDICTS[turn.verdict] ?? VERDICTS.open;
    const arrays = [];
    const compare = (title, array, marked) => {
      if (!array?.data) return;
      arrays.push(element("div", {}, element("small", {}, title),
        heatmap(array, { label: title, gradient: true, marked })));
    };
    const right = turn.verdict === "right";
    compare(right ? "yours, as it should be" : "yours", turn.yours, right ? [] : turn.different ?? []);
    // what is hidden stays so, in numbers too
    if (!right && !store.get("turn")?.hide) compare("right", turn.right, []);
    const ratio = turn.ratio ? element("div.ratio", {}, element("small", {}, "yours ÷ right, everywhere"), element("b", {}, turn.ratio.text ?? String(turn.ratio.value))) : null;
    verdict.replaceChildren(element(`div.box.${kind}`, {},
      element("h3", {}, element("span", { "aria-hidden": "true" }, sign), " ", turn.heading ?? ""),
      element("p", {}, turn.text ?? ""),
      arrays.length || ratio ? element("div.compared", {}, ...arrays, ratio) : null,
      right ? next() : null));
  }

  function next() {
    const questions = questionsOf(store.get("answer"));
    const one = questions[questions.indexOf(line) + 1];
    if (!one) return null;
    return element("button.button", { type: "button", onclick: () => ask(one) }, `Next: the gradient of ${one.of} ▶`);
  }

  // Another question: the steps go with it, and what was hidden is hidden of it.
  function ask(one) {
    const { answer, turn } = store.state;
    store.set({ turn: turn ? { ...turn, of: turn.of ? one.id : null } : null, step: answer.lines.indexOf(one) + 1 });
    input.focus();
  }

  form.addEventListener("submit", judging);
  input.addEventListener("keydown", (event) => event.stopPropagation());
  which.addEventListener("change", () => {
    const one = questionsOf(store.get("answer")).find(({ id }) => id === which.value);
    const hidden = Boolean(store.get("turn")?.hide);
    if (one) store.set({ turn: { of: one.id, hide: hidden }, step: store.get("answer").lines.indexOf(one) + 1 });
    else store.set({ turn: hidden && line ? { of: line.id, hide: true } : null });
  });
  hide.addEventListener("click", () => {
    const hidden = Boolean(store.get("turn")?.hide);
    store.set({ turn: hidden ? (which.value ? { of: line.id, hide: false } : null) : { of: line.id, hide: true } });
  });
  share.addEventListener("click", async () => {
    const { state } = store;
    const step = state.answer.lines.indexOf(line) + 1;
    const address = `${location.href.split("#")[0]}#${await written({ ...state, step, turn: { of: line.id, hide: true } })}`;
    await copyText(app, address, "Link to this question, its answer hidden,");
  });
  hint.addEventListener("click", async () => {
    const own = line;
    const degree = told.length + 1;
    const answer = await app.ask({ turn: { of: own.of, hint: degree, given: given(store.get("answer")) } }, "hint");
    if (answer === null || own !== line) return;
    const text = answer.turn?.hint?.text ?? answer.turn?.error?.message ?? answer.error?.message;
    if (text) told = [...told.slice(0, degree - 1), text];
    drawHint();
  });
  store.on("answer step turn", draw);
}
