// The one call to the program that computes, minigrad itself on this computer.

const GONE = {
  heading: "minigrad has ended",
  text: "The command that opened this page runs no more. Start `minigrad open` again; the address of this page holds your work.",
};

// Returns call(question, lane): the answer, or null where a later question of its lane came meanwhile.
// lane: what may supersede what, "typing", "numbers", "plugged", "verdict", "training", "turn".
export function createCall(fetching = fetch.bind(globalThis)) {
  const page = Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("");
  const latest = new Map();
  let number = 0;

  async function call(question, lane) {
    number += 1;
    const own = number;
    latest.set(lane, own);
    let answer;
    try {
      const response = await fetching("call", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...question, page, lane, number: own }),
      });
      answer = await response.json();
    } catch {
      answer = { ok: false, error: GONE };
    }
    return latest.get(lane) === own ? answer : null;
  }

  const cancel = (lane) => {
    latest.delete(lane);
    return fetching("cancel", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ page, lane }),
    }).catch(() => null);
  };

  return { call, cancel, page };
}
