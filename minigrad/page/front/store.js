// The page's state, and who listens to which part of it.

// state: the first values by key; a value is replaced, never changed in place.
export function createStore(state) {
  const listeners = [];
  return {
    state,
    get: (key) => state[key],
    // Takes over new values, then calls each listener that asked for one of the changed keys, once.
    set(patch) {
      const changed = Object.keys(patch).filter((key) => !Object.is(state[key], patch[key]));
      if (changed.length === 0) return;
      for (const key of changed) state[key] = patch[key];
      for (const { keys, listener } of [...listeners]) {
        if (changed.some((key) => keys.includes(key))) listener(state);
      }
    },
    // Calls the listener now, and again whenever one of the keys has changed.
    on(keys, listener) {
      listeners.push({ keys: keys.split(" "), listener });
      listener(state);
    },
  };
}
