// Making elements. Text is always text: nothing that a user wrote is ever read as markup.

// tag: "button.small.plain", facts: attributes, `on` + event name for listeners; children: nodes or text.
export function element(tag, facts = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length > 0) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(facts)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "style") made.style.cssText = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

// MathML or SVG as the product writes it, in which names are escaped; scripts in it would not run.
export function markup(text) {
  const read = new DOMParser().parseFromString(`<body>${text}</body>`, "text/html");
  const [root] = read.body.children;
  return root ? document.importNode(root, true) : document.createTextNode(text);
}

// Says something to who does not see it, or sees no change where he looks.
export function createSay(place) {
  let hidden = 0;
  return (text) => {
    place.textContent = text;
    place.classList.add("shown");
    clearTimeout(hidden);
    hidden = setTimeout(() => place.classList.remove("shown"), 2600);
  };
}
