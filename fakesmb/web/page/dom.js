// Elements, in few words. Text is only ever set as text: what clients send is never read as HTML.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function hex(value, digits = 4) {
  return "0x" + value.toString(16).toUpperCase().padStart(digits, "0");
}

export function plural(count, one, many = one + "s") {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

let saying = 0;

// For screen readers: what changed elsewhere, at most one thing at a time.
export function announce(text) {
  const place = byId("announce");
  if (!place) return;
  clearTimeout(saying);
  saying = setTimeout(() => { place.textContent = text; }, 150);
}

// Runs `work` before the next picture, once however often it was asked for.
export function beforePicture(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; work(); });
  };
}

// A tab that is not shown has no pictures; what must go on then asks for a turn.
export function soon(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() => { asked = false; work(); }, 30);
  };
}
