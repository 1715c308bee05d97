// Walks the backward pass from the loss to the variables: lights the card of a step in the graph and
// dims what it has not reached. Without this script the page shows every step at once.
"use strict";
(() => {
  const controls = document.querySelector(".controls");
  const steps = Array.from(document.querySelectorAll("ol.steps > li"));
  const cards = Array.from(document.querySelectorAll(".graph .card"));
  if (controls === null || steps.length === 0) return;
  const [back, forward, all] = controls.querySelectorAll("button");
  const said = controls.querySelector("output");
  const last = steps.length;
  const order = (card) => Number((/(?:^| )step(\d+)/.exec(card.getAttribute("class")) || [])[1]);
  const listed = new Map(steps.map((item, k) => [item.dataset.card, k + 1]));
  let now = 0; // 0 shows everything

  // a card that no line is about counts as reached when the pass has come past its place
  const reached = (card) => {
    const k = listed.get(card.id);
    if (k !== undefined) return now >= k;
    const current = document.getElementById(steps[now - 1].dataset.card);
    return current === null || order(current) >= order(card);
  };

  const show = () => {
    document.body.classList.toggle("stepping", now > 0);
    steps.forEach((item, k) => {
      item.classList.toggle("now", k + 1 === now);
      item.classList.toggle("later", now > 0 ? k + 1 > now : false);
    });
    cards.forEach((card) => {
      const flows = Number.isNaN(order(card)) === false;
      card.classList.toggle("aside", flows === false);
      card.classList.toggle("now", now > 0 ? listed.get(card.id) === now : false);
      card.classList.toggle("later", now > 0 ? flows ? reached(card) === false : false : false);
    });
    back.disabled = now === 0;
    forward.disabled = now === last;
    said.textContent = now > 0 ? `step ${now} of ${last}` : `${last} steps`;
    if (now > 0) steps[now - 1].scrollIntoView({ block: "nearest" });
  };

  const to = (place) => { now = Math.min(Math.max(place, 0), last); show(); };
  back.addEventListener("click", () => to(now - 1));
  forward.addEventListener("click", () => to(now + 1));
  all.addEventListener("click", () => to(0));
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("button, input, textarea") !== null) return;
    if (event.key === "ArrowRight") to(now + 1);
    if (event.key === "ArrowLeft") to(now - 1);
    if (event.key === "Escape") to(0);
  });
  steps.forEach((item, k) => item.addEventListener("click", () => to(k + 1)));
  controls.hidden = false;
  const asked = /^#step(\d+)$/.exec(location.hash);
  to(asked ? Number(asked[1]) : 0);
})();
