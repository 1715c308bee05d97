// What is asked when: the state says what is shown, and each change of it asks for what follows from it.

const TYPING = 60; // milliseconds of rest before a program is asked about
const FORMULAS = ["program", "variables", "wrt", "order"]; // what formulas follow from
const NUMBERS = ["sizes", "values", "seed", "start"];
const QUESTION = [...FORMULAS, ...NUMBERS];

// Work of which one runs at a time; however often it is asked for meanwhile, it runs once more after.
function oneByOne(work) {
  let running = false;
  let again = false;
  return async () => {
    again = running;
    if (running) return;
    running = true;
    do {
      again = false;
      await work();
    } while (again);
    running = false;
  };
}

// Keeps the answer in the store true to its question.
//   answer     the last good answer: program, lines; stays, pale, while the program is faulty
//   graph      the graph, and the answer that it is `of`: it is drawn while formulas are read already
//   error      what is wrong with the program as it stands, or null
//   stale      whether the answer is to an earlier question
//   numbers    values of all lines at the numbers shown
//   refusal    why numbers that were asked for cannot be, or null
//   plugged    by line's id, its formula in numbers
//   sources, verdict   come after; null until then
export function createSession(store, call) {
  const question = () => Object.fromEntries(QUESTION.map((key) => [key, store.get(key)]));
  const ask = (parts, lane) => call({ ...question(), ask: parts }, lane);
  let resting = 0;

  // The line that is shown in numbers: where all are shown, it is the loss.
  const current = () => {
    const { answer, step } = store.state;
    const line = step > 0 ? answer?.lines[step - 1] : answer?.lines.findLast((one) => one.pass === "forward");
    return line?.id ?? null;
  };

  // What is told of a line in numbers, or why nothing can be; a line may be called "error".
  const told = (plugged, line) => (plugged?.error && !plugged.error.pieces ? { [line]: { error: plugged.error } } : (plugged ?? {}));

  // What is shown of `values`, which may be refused.
  const taken = (values) => (values?.error ? { refusal: values.error } : { numbers: values, refusal: null });

  async function program() {
    const asked = question();
    const answer = await ask({ lines: {}, values: {} }, "typing");
    if (answer === null) return;
    if (!answer.ok) return store.set({ error: answer.error, stale: true, busy: false });
    const lines = Array.isArray(answer.lines) ? answer.lines : [];
    store.set({
      answer: { ...answer, lines },
      error: lines === answer.lines ? null : answer.lines.error,
      stale: false,
      busy: false,
      numbers: null,
      ...taken(answer.values),
      plugged: {},
      sources: null,
      verdict: null,
      step: Math.min(store.get("step"), lines.length),
    });
    if (NUMBERS.some((key) => store.get(key) !== asked[key])) numbers();
    plug();
    const of = store.get("answer");
    const drawn = await ask({ graph: {} }, "graph");
    if (drawn?.ok && store.get("answer") === of) store.set({ graph: { ...drawn.graph, of } });
    const [sources, verdict] = await Promise.all([ask({ sources: {} }, "sources"), ask({ verdict: {} }, "verdict")]);
    if (store.get("answer") !== of) return;
    if (sources?.ok) store.set({ sources: sources.sources });
    if (verdict?.ok) store.set({ verdict: verdict.verdict });
  }

  const numbers = oneByOne(async () => {
    const { answer: of, busy } = store.state;
    if (busy) return; // the answer that is awaited brings them
    const line = current();
    const answer = await ask({ values: {}, ...(line ? { plugged: { lines: [line] } } : {}) }, "numbers");
    if (answer === null || store.get("answer") !== of) return;
    if (!answer.ok) return store.set({ refusal: answer.error });
    store.set({ ...taken(answer.values), ...(answer.values.error ? {} : { plugged: told(answer.plugged, line) }) });
    plug();
  });

  async function plug() {
    const line = current();
    const of = store.get("numbers");
    if (line === null || of === null || store.get("plugged")[line]) return;
    const answer = await ask({ plugged: { lines: [line] } }, "plugged");
    if (answer?.ok && store.get("numbers") === of) store.set({ plugged: { ...store.get("plugged"), ...told(answer.plugged, line) } });
  }

  function begin() {
    let asked = null;
    store.on(FORMULAS.join(" "), (state) => {
      const same = asked !== null && FORMULAS.every((key) => asked[key] === state[key]);
      if (same) return;
      asked = { ...state };
      store.set({ busy: true, stale: store.get("answer") !== null });
      clearTimeout(resting);
      resting = setTimeout(program, TYPING);
    });
    let first = true;
    store.on(NUMBERS.join(" "), () => (first ? (first = false) : numbers()));
    store.on("step", plug);
  }

  return { begin, ask, question };
}
