// Gradient steps: the loss as a curve, and a slider along the path whose place sets the numbers shown.
import { digits } from "./array.js";
import { byId, element } from "./dom.js";
import { nested } from "./variables.js";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [180, 52, 12, 12, 26];

function drawn(tag, facts, text = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

// The curve of losses as wide as its room, and at(step), which moves its mark.
function curve(losses, width) {
  const numbers = losses.filter((loss) => typeof loss === "number");
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const spread = most - least || Math.abs(most) || 1;
  const [low, high] = most === least ? [least - spread / 2, most + spread / 2] : [least - 0.04 * spread, most + 0.04 * spread];
  const across = (step) => LEFT + ((width - LEFT - RIGHT) * step) / Math.max(losses.length - 1, 1);
  const down = (loss) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - loss)) / (high - low);
  const svg = drawn("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, class: "curve", role: "img" });
  svg.setAttribute("aria-label", `The loss goes from ${digits(losses[0])} to ${digits(losses.at(-1))} in ${losses.length - 1} steps`);
  for (const loss of most === least ? [least] : [least, (least + most) / 2, most]) {
    svg.append(drawn("path", { class: "grid", d: `M${LEFT} ${down(loss)}H${width - RIGHT}` }));
    svg.append(drawn("text", { x: LEFT - 8, y: down(loss) + 4, "text-anchor": "end" }, digits(loss)));
  }
  const last = losses.length - 1;
  for (const step of new Set([0, Math.round(last / 2), last])) {
    svg.append(drawn("text", { x: across(step), y: HEIGHT - 8, "text-anchor": step === 0 ? "start" : step === last ? "end" : "middle" }, `step ${step}`));
  }
  const points = losses.map((loss, step) => (typeof loss === "number" ? `${across(step).toFixed(1)},${down(loss).toFixed(1)}` : null));
  svg.append(drawn("polyline", { class: "loss", points: points.filter(Boolean).join(" ") }));
  const line = drawn("path", { class: "mark" });
  const dot = drawn("circle", { class: "dot", r: 5 });
  svg.append(line, dot);
  svg.at = (step) => {
    const loss = losses[step];
    line.setAttribute("d", `M${across(step)} ${TOP}V${HEIGHT - BOTTOM}`);
    dot.setAttribute("visibility", typeof loss === "number" ? "visible" : "hidden");
    if (typeof loss === "number") {
      dot.setAttribute("cx", across(step));
      dot.setAttribute("cy", down(loss));
    }
  };
  return svg;
}

export function mountTraining(app) {
  const panel = byId("training");
  if (app.frozen) return panel.remove();
  const { store } = app;
  const field = (label, facts) => {
    const input = element("input", { type: "number", ...facts });
    return [input, element("label.field", {}, label, input)];
  };
  const [rate, rateBox] = field("Rate", { min: "0", step: "any", value: "0.1" });
  const [steps, stepsBox] = field("Steps", { min: "1", max: "2000", step: "1", value: "100" });
  const train = element("button.button.main", { type: "button" }, "Train");
  const reset = element("button.button", { type: "button", disabled: true }, "Reset");
  const note = element("span.note", {}, "gradient steps from the numbers above");
  const body = element("div.body.course", { "aria-live": "polite" });
  panel.querySelector(".head").append(note, element("span.space"), rateBox, stepsBox, train, reset);
  panel.append(body);
  body.hidden = true;

  let course = null; // {losses, path, every, values: the numbers it began at}
  let running = false;
  let redraw = () => {};
  const room = () => Math.max(280, (body.clientWidth || 672) - 32);
  let moving = false; // whether it is the slider that sets the numbers

  function end() {
    course = null;
    reset.disabled = true;
    body.hidden = true;
  }

  function go(place) {
    const { arrays } = store.get("numbers");
    const now = Object.entries(course.path[place]).map(([name, { data, shape }]) => [name, nested(shape ?? arrays[name].shape, data)]);
    moving = true;
    store.set({ values: { ...course.values, ...Object.fromEntries(now) } });
    moving = false;
  }

  function show() {
    const { losses, path, every = 1, stopped } = course;
    let picture = curve(losses, room());
    const told = element("output.loss-told");
    const slider = element("input", { type: "range", min: "0", max: String(path.length - 1), step: "1", "aria-label": "Step of the training" });
    const at = (place = Number(slider.value)) => {
      const step = Math.min(place * every, losses.length - 1);
      picture.at(step);
      slider.setAttribute("aria-valuetext", `step ${step}, loss ${digits(losses[step])}`);
      told.replaceChildren("step ", element("b", {}, String(step)), ", loss ", element("b", {}, digits(losses[step])));
    };
    slider.addEventListener("input", () => {
      at();
      go(Number(slider.value));
    });
    slider.value = String(path.length - 1);
    redraw = () => {
      const next = curve(losses, room());
      picture.replaceWith(next);
      picture = next;
      at();
    };
    body.replaceChildren(picture, element("div.along", {}, slider, told), stopped ? element("p.stopped", {}, `It stopped: ${stopped}.`) : "");
    body.hidden = false;
    reset.disabled = false;
    redraw();
    go(path.length - 1);
  }

  async function run() {
    if (running) {
      running = false;
      train.textContent = "Train";
      return app.cancel("training");
    }
    const asked = { rate: Number(rate.value), steps: Math.round(Number(steps.value)), wrt: store.get("wrt") };
    running = true;
    train.textContent = "Cancel";
    const { values } = store.state;
    const answer = await app.ask({ training: asked }, "training");
    if (!running) return;
    running = false;
    train.textContent = "Train";
    if (answer === null) return;
    const told = answer.training;
    const fault = answer.ok ? told.error : answer.error;
    if (fault) {
      end();
      body.hidden = false;
      return body.replaceChildren(element("p.stopped", {}, fault.message ?? fault.text));
    }
    course = { ...told, values };
    show();
  }

  train.addEventListener("click", run);
  addEventListener("resize", () => course && redraw());
  for (const input of [rate, steps]) input.addEventListener("keydown", (event) => event.key === "Enter" && run());
  reset.addEventListener("click", () => {
    const { values } = course;
    end();
    store.set({ values });
  });
  store.on("program variables wrt order sizes values seed start", () => {
    if (!moving && (course || !body.hidden)) end(); // the path began at other numbers
  });
}
