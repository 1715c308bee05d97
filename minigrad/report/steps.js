// Walks through steps: 0 shows all of them, k the k-th. Returns functions that go somewhere.
// count: how many there are, changed(now): called with each new place.
export function walk(count, changed) {
  let now = 0;
  const to = (place) => {
    now = Math.min(Math.max(place, 0), count);
    changed(now);
  };
  return { to, by: (steps) => to(now + steps), get now() { return now; } };
}

// Marks each item of a list of steps as past, present or still to come.
export function markItems(items, now) {
  items.forEach((item, k) => {
    const present = k + 1 === now;
    item.classList.toggle("now", present);
    item.classList.toggle("later", now > 0 && k + 1 > now);
    const number = item.querySelector(".number");
    if (number) number.ariaCurrent = present ? "step" : null;
  });
}

// The place of a card or an edge in the backward pass, which its class tells; NaN for one without.
function place(element) {
  return Number((/(?:^| )step(\d+)/.exec(element.getAttribute("class")) || [])[1]);
}

// Shows in a graph how far a walk has come.
// steps: [{card, pass}] with the id of a card, or none, and "forward" or "backward"; now: as in walk.
export function lightCards(picture, steps, now) {
  const at = { forward: new Map(), backward: new Map() };
  steps.forEach((step, k) => step.card && at[step.pass].set(step.card, k + 1));
  const cards = [...picture.querySelectorAll(".card")];
  const current = now > 0 ? steps[now - 1] : null;
  const shown = current && cards.find((card) => card.id === current.card);
  const started = steps.findIndex((step) => step.pass === "backward") + 1;
  const begun = started > 0 && now >= started;
  // a card that no line is about counts as reached when the walk has come past its place
  const furthest = Math.max(0, ...cards.map((card) =>
    (at.backward.get(card.id) || Infinity) <= now ? place(card) || 0 : 0));
  const passed = (k) => begun && k <= furthest;
  const reached = new Set(cards.filter((card) => {
    const step = at.backward.get(card.id);
    return step === undefined ? passed(place(card)) : now >= step;
  }).map(place));
  for (const card of cards) {
    card.classList.toggle("now", card === shown);
    card.classList.toggle("later", now > 0 && now < (at.forward.get(card.id) || 0));
    card.classList.toggle("empty", now > 0 && !reached.has(place(card)));
  }
  const lit = shown && current.pass === "backward" ? place(shown) : NaN;
  for (const edge of picture.querySelectorAll(".edge")) {
    edge.classList.toggle("now", place(edge) === lit);
    edge.classList.toggle("empty", now > 0 && !reached.has(place(edge)));
  }
  return shown;
}
