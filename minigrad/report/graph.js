// At this many pixels to a unit of the picture its formulas are as large as the text of a page.
const LEGIBLE = 1;
// A small picture that fits in is not blown up beyond this.
const LARGE = 1.5;
// Less is only to see how things lie; more is never needed.
const [LEAST, MOST] = [0.6, 6];

// Makes a picture move inside its frame: by drag, pinch, wheel, and the functions returned.
// frame: the element around the picture, picture: its <svg>, calm: whether to move at once.
export function graphView(frame, picture, calm) {
  const [left, top, width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
  let at = { x: left, y: top, scale: 1 }; // the unit in the frame's corner, and pixels to a unit
  let fitted = true;
  let moving = 0;

  const size = () => ({ w: frame.clientWidth || 1, h: frame.clientHeight || 1 });
  const all = () => Math.min(size().w / width, size().h / height);

  // What is smaller than the frame stands in its middle; what is larger never leaves it wholly.
  function clamped(place) {
    const scale = Math.min(Math.max(place.scale, Math.min(all(), LEAST)), MOST);
    const along = (from, length, room, start) => {
      const spare = room / scale - length;
      return spare >= 0 ? from - spare / 2 : Math.min(Math.max(start, from), from - spare);
    };
    return {
      scale,
      x: along(left, width, size().w, place.x),
      y: along(top, height, size().h, place.y),
    };
  }

  function put(place) {
    at = clamped(place);
    const { w, h } = size();
    picture.setAttribute("viewBox", [at.x, at.y, w / at.scale, h / at.scale].join(" "));
  }

  function glide(place) {
    cancelAnimationFrame(moving);
    const goal = clamped(place);
    if (calm) return put(goal);
    const [start, began] = [at, performance.now()];
    const frameAt = (time) => {
      const t = Math.min(Math.max((time - began) / 220, 0), 1);
      const part = t * (2 - t);
      const between = (key) => start[key] + (goal[key] - start[key]) * part;
      put(t < 1 ? { x: between("x"), y: between("y"), scale: between("scale") } : goal);
      if (t < 1) moving = requestAnimationFrame(frameAt);
    };
    moving = requestAnimationFrame(frameAt);
  }

  // Zooms about a point of the frame, by default its middle.
  function zoomed(factor, px = size().w / 2, py = size().h / 2) {
    const scale = clamped({ ...at, scale: at.scale * factor }).scale;
    return { scale, x: at.x + px / at.scale - px / scale, y: at.y + py / at.scale - py / scale };
  }

  // The whole width, or where that would be too small to read the middle of it, from the top.
  function fit(go = glide) {
    fitted = true;
    const whole = size().w / width;
    const scale = whole < LEAST ? 0.8 * LEGIBLE : Math.min(whole, LARGE);
    go({ x: left + width / 2 - size().w / scale / 2, y: top, scale });
  }

  const view = {
    fit: () => fit(),
    whole() {
      fitted = false;
      glide({ x: left, y: top, scale: all() });
    },
    zoom(factor) {
      fitted = false;
      glide(zoomed(factor));
    },
    move(right, down) {
      fitted = false;
      glide({ ...at, x: at.x + (right * size().w) / at.scale / 4, y: at.y + (down * size().h) / at.scale / 4 });
    },
    // Brings an element of the picture into sight, and to a size that can be read.
    reveal(element, legible = LEGIBLE) {
      fitted = false;
      const box = element.getBBox();
      const { w, h } = size();
      const scale = Math.max(at.scale, Math.min(legible, (0.94 * w) / box.width));
      const edge = 24 / scale;
      const seen = scale === at.scale
        && box.x - edge >= at.x && box.x + box.width + edge <= at.x + w / scale
        && box.y - edge >= at.y && box.y + box.height + edge <= at.y + h / scale;
      if (seen) return;
      glide({ scale, x: box.x + box.width / 2 - w / scale / 2, y: box.y + box.height / 2 - h / scale / 2 });
    },
    get scale() {
      return at.scale;
    },
    // Listens no more: another picture comes in place of this one.
    end() {
      cancelAnimationFrame(moving);
      sizes.disconnect();
      ended.abort();
    },
  };

  // -- pointers: one moves, two zoom ------------------------------------------------------------

  const pointers = new Map();
  let dragged = false;

  const spread = () => {
    const [a, b] = [...pointers.values()];
    const { x, y } = frame.getBoundingClientRect();
    return { apart: Math.hypot(a.x - b.x, a.y - b.y), px: (a.x + b.x) / 2 - x, py: (a.y + b.y) / 2 - y };
  };

  frame.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    cancelAnimationFrame(moving);
    if (pointers.size === 0) dragged = false;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  frame.addEventListener("pointermove", (event) => {
    const was = pointers.get(event.pointerId);
    if (was === undefined) return;
    if (!dragged && Math.hypot(event.clientX - was.x, event.clientY - was.y) < 4) return;
    dragged = true;
    fitted = false;
    frame.setPointerCapture(event.pointerId);
    const before = pointers.size === 2 ? spread() : null;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (before === null) {
      put({ ...at, x: at.x - (event.clientX - was.x) / at.scale, y: at.y - (event.clientY - was.y) / at.scale });
      return;
    }
    const now = spread();
    put(zoomed(now.apart / (before.apart || 1), now.px, now.py));
    put({ ...at, x: at.x - (now.px - before.px) / at.scale, y: at.y - (now.py - before.py) / at.scale });
  });
  for (const end of ["pointerup", "pointercancel"]) {
    frame.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  // the end of a drag is no click on a card
  frame.addEventListener("click", (event) => dragged && event.stopPropagation(), true);

  // A wheel scrolls the page, unless the graph was asked for: by the focus, or by Ctrl as a pinch is.
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== frame) return;
    event.preventDefault();
    cancelAnimationFrame(moving);
    fitted = false;
    const { x, y } = frame.getBoundingClientRect();
    put(zoomed(Math.exp(-event.deltaY / 400), event.clientX - x, event.clientY - y));
  }, { passive: false });

  const sizes = new ResizeObserver(() => (fitted ? fit(put) : put(at)));
  const ended = new AbortController();
  sizes.observe(frame);
  const whole = () => picture.setAttribute("viewBox", [left, top, width, height].join(" "));
  addEventListener("beforeprint", whole, { signal: ended.signal });
  addEventListener("afterprint", () => put(at), { signal: ended.signal });
  frame.classList.add("moves");
  fit(put);
  return view;
}
