// The page's state in the address: JSON, deflated, in base64 that addresses may hold.

// What is part of a link; the rest follows from it.
export const SHARED = ["title", "program", "variables", "sizes", "values", "wrt", "order", "seed", "start", "step", "style", "turn"];

async function through(bytes, stream) {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

export async function written(state) {
  const kept = Object.fromEntries(SHARED.map((key) => [key, state[key]]).filter(([, value]) => value !== undefined));
  const bytes = await through(new TextEncoder().encode(JSON.stringify(kept)), new CompressionStream("deflate-raw"));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// What stands behind the # of an address; null where it is nothing of ours.
export async function read(fragment) {
  try {
    const text = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const state = JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))));
    return Object.fromEntries(SHARED.filter((key) => key in state).map((key) => [key, state[key]]));
  } catch {
    return null;
  }
}
