// The tree of one message and its bytes, linked: whoever chooses a byte has its field, whoever chooses a field its bytes.

import { byId, make } from "./dom.js";

const OPEN_TO = 2;  // groups that deep are open from the beginning
const OPEN_MOST = 300;  // unless there are more fields than that
const TINTS = 8;
const LONGEST_VALUE = 48;

// Every field, flat: its depth, its parent, its place among the leaves of its buffer.
export function flatten(tree) {
  const found = [];
  const walk = (fields, parent, section) => {
    for (const field of fields) {
      const own = {
        field, parent, index: found.length, depth: parent ? parent.depth + 1 : 0, children: [],
        section: field.section || section, buffer: field.buffer ?? 0, tint: -1,
      };
      found.push(own);
      if (parent) parent.children.push(own);
      walk(field.fields ?? [], own, own.section);
    }
  };
  walk(tree.fields ?? [], null, "");
  let leaf = 0;
  for (const node of found) if (!node.children.length && node.field.size) node.tint = leaf++ % TINTS;
  return found;
}

// For each byte of a buffer the field that it lies in: the smallest one.
export function owners(nodes, buffer, size) {
  const owner = new Int32Array(size).fill(-1);
  for (const node of nodes) {  // parents come before their fields, so the innermost is written last
    if (node.buffer !== buffer) continue;
    owner.fill(node.index, Math.max(0, node.field.at), Math.min(size, node.field.at + node.field.size));
  }
  return owner;
}

export function valueOf(field) {
  const { value, size } = field;
  if (value === undefined || value === null) return field.secret ? "hidden" : "";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") {
    if (!Number.isInteger(value) || (value >= 0 && value < 10)) return String(value);
    if (value < 0) return String(value);
    return `${value} (0x${value.toString(16).toUpperCase().padStart(Math.min(8, size) * 2, "0")})`;
  }
  if (typeof value === "object") return JSON.stringify(value);
  return value.length > LONGEST_VALUE * 2 ? `${value.slice(0, LONGEST_VALUE * 2)}…` : value;
}

export class Tree {
  constructor(place, chosen) {
    this.place = place;
    this.chosen = chosen;
    this.nodes = [];
    this.rows = new Map();
    this.open = new Set();
    this.selected = -1;
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("click", (event) => this.click(event));
  }

  show(nodes) {
    const openNames = new Set([...this.open].map((index) => pathOf(this.nodes[index])));
    const shutNames = new Set(this.nodes.filter((node) => node.children.length && !this.open.has(node.index)).map(pathOf));
    this.nodes = nodes;
    this.selected = -1;
    this.open = new Set();
    const few = nodes.length <= OPEN_MOST;
    for (const node of nodes) {
      if (!node.children.length) continue;
      const path = pathOf(node);
      const wide = node.depth < OPEN_TO && few || node.depth === 0 && node.children.length < 40;
      if (openNames.has(path) || (wide && !shutNames.has(path))) this.open.add(node.index);
    }
    this.rows.clear();
    this.place.replaceChildren(...nodes.filter((node) => !node.parent).map((node) => this.item(node)));
    const first = this.place.querySelector("[role=treeitem]");
    if (first) first.tabIndex = 0;
  }

  item(node) {
    const { field } = node, value = valueOf(field);
    const row = make("div", { class: "field", "data-index": node.index });
    row.append(make("span", { class: "twist", "aria-hidden": "true" }, node.children.length ? "▸" : ""));
    if (!node.children.length) row.append(make("span", { class: `swatch t${node.tint}`, "aria-hidden": "true" }));
    const words = make("span", { class: "words" }, make("span", { class: "name" }, field.name));
    const number = /^0x[0-9A-F]+$/.test(field.meaning ?? "");  // an identifier: it is written like that, and so only
    if (value) words.append(" ", make("span", { class: field.secret ? "value secret" : "value" }, number ? field.meaning : value));
    if (field.meaning && !number && field.meaning !== value) words.append(" ", make("span", { class: "meaning" }, field.meaning));
    if (field.note) words.append(make("span", { class: "note" }, field.note));
    row.append(words);
    if (field.section) row.append(make("span", { class: "section" }, field.section));
    row.append(make("span", { class: "where", title: "offset and length" }, field.size ? `${field.at}+${field.size}` : ""));
    row.style.setProperty("--depth", node.depth);
    const item = make("div", {
      role: "treeitem", tabindex: "-1", "aria-selected": "false", "aria-level": node.depth + 1, id: `field-${node.index}`,
      "aria-expanded": node.children.length ? (this.open.has(node.index) ? "true" : "false") : undefined,
    }, row);
    this.rows.set(node.index, item);
    if (this.open.has(node.index)) item.append(this.group(node));
    return item;
  }

  group(node) {
    return make("div", { role: "group" }, ...node.children.map((child) => this.item(child)));
  }

  toggle(node, open = !this.open.has(node.index)) {
    if (!node.children.length || open === this.open.has(node.index)) return;
    const item = this.rows.get(node.index);
    item.setAttribute("aria-expanded", open ? "true" : "false");
    if (open) {
      this.open.add(node.index);
      item.append(this.group(node));
    } else {
      this.open.delete(node.index);
      item.querySelector(":scope > [role=group]").remove();
    }
  }

  select(index, { focus = false, told = true, scroll = true } = {}) {
    const node = this.nodes[index];
    if (!node) return;
    const above = [];
    for (let up = node.parent; up; up = up.parent) above.unshift(up);
    for (const one of above) this.toggle(one, true);
    const before = this.rows.get(this.selected);
    if (before) { before.setAttribute("aria-selected", "false"); before.tabIndex = -1; }
    for (const item of this.place.querySelectorAll('[tabindex="0"]')) item.tabIndex = -1;
    this.selected = index;
    const item = this.rows.get(index);
    item.setAttribute("aria-selected", "true");
    item.tabIndex = 0;
    if (focus) item.focus({ preventScroll: true });
    if (scroll) within(this.place, item.firstChild);
    if (told) this.chosen(node);
  }

  click(event) {
    const row = event.target.closest(".field");
    if (!row) return;
    const node = this.nodes[Number(row.dataset.index)];
    if (event.target.closest(".twist") || this.selected === node.index) this.toggle(node);
    this.select(node.index, { focus: true });
  }

  seen() {
    const found = [];
    const walk = (nodes) => {
      for (const node of nodes) {
        found.push(node.index);
        if (this.open.has(node.index)) walk(node.children);
      }
    };
    walk(this.nodes.filter((node) => !node.parent));
    return found;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.nodes.length) return;
    const focused = event.target.closest("[role=treeitem]");
    const node = this.nodes[focused ? Number(focused.firstChild.dataset.index) : Math.max(0, this.selected)];
    const seen = this.seen(), at = seen.indexOf(node.index);
    let to = null;
    if (event.key === "ArrowDown") to = seen[Math.min(seen.length - 1, at + (this.selected < 0 ? 0 : 1))];
    else if (event.key === "ArrowUp") to = seen[Math.max(0, at - 1)];
    else if (event.key === "Home") to = seen[0];
    else if (event.key === "End") to = seen.at(-1);
    else if (event.key === "ArrowRight") {
      if (node.children.length && !this.open.has(node.index)) this.toggle(node, true);
      else if (node.children.length) to = node.children[0].index;
    } else if (event.key === "ArrowLeft") {
      if (this.open.has(node.index)) this.toggle(node, false);
      else if (node.parent) to = node.parent.index;
    } else if (event.key === "Enter" || event.key === " ") {
      this.toggle(node);
      to = node.index;
    } else return;
    event.preventDefault();
    if (to !== null) this.select(to, { focus: true });
  }
}

function pathOf(node) {
  return node ? `${pathOf(node.parent)}/${node.field.name}` : "";
}

// Scrolls the pane, and no more than the pane.
export function within(pane, element) {
  const outer = pane.getBoundingClientRect(), inner = element.getBoundingClientRect();
  if (inner.top < outer.top) pane.scrollTop += inner.top - outer.top - 4;
  else if (inner.bottom > outer.bottom) pane.scrollTop += inner.bottom - outer.bottom + 4;
}

const WIDE = 16, NARROW = 8;

// The bytes, 16 or 8 a row; rows that are not in sight are not in the page.
export class Hex {
  constructor(place, chosen) {
    this.place = place;
    this.chosen = chosen;
    this.nodes = [];
    this.bytes = new Uint8Array();
    this.owner = new Int32Array();
    this.buffer = 0;
    this.cursor = -1;
    this.from = this.to = 0;
    this.made = new Map();
    this.body = make("div", { class: "hex-body" });
    place.append(this.body);
    place.addEventListener("scroll", () => this.draw(), { passive: true });
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("click", (event) => {
      const byte = event.target.closest("[data-at]");
      if (byte) this.choose(Number(byte.dataset.at));
    });
    new ResizeObserver(() => this.resized()).observe(place);
    this.width = WIDE;
    this.height = 24;
  }

  show(nodes, bytes, buffer) {
    this.nodes = nodes;
    this.bytes = bytes;
    this.buffer = buffer;
    this.owner = owners(nodes, buffer, bytes.length);
    this.cursor = -1;
    this.from = this.to = 0;
    this.place.scrollTop = 0;
    this.resized(true);
  }

  resized(anew = false) {
    const probe = make("div", { class: "hex-row" }, make("span", { class: "bytes16" }, "00 ".repeat(WIDE)));
    this.body.append(probe);
    const height = probe.getBoundingClientRect().height || 24;
    const em = parseFloat(getComputedStyle(probe).fontSize);
    probe.remove();
    const width = this.place.clientWidth >= 45 * em * 0.98 ? WIDE : NARROW;
    if (!anew && width === this.width && height === this.height) { this.draw(); return; }
    this.width = width;
    this.height = height;
    this.place.dataset.width = width;
    for (const row of this.made.values()) row.remove();
    this.made.clear();
    this.body.style.height = `${Math.ceil(this.bytes.length / width) * height}px`;
    this.draw();
  }

  draw() {
    const rows = Math.ceil(this.bytes.length / this.width);
    const first = Math.max(0, Math.floor(this.place.scrollTop / this.height) - 3);
    const last = Math.min(rows, Math.ceil((this.place.scrollTop + this.place.clientHeight) / this.height) + 3);
    for (const [at, row] of this.made) if (at < first || at >= last) { row.remove(); this.made.delete(at); }
    for (let at = first; at < last; at += 1) {
      if (this.made.has(at)) continue;
      const row = this.row(at);
      this.made.set(at, row);
      this.body.append(row);
    }
  }

  row(number) {
    const start = number * this.width, end = Math.min(this.bytes.length, start + this.width);
    const digits = make("span", { class: "digits" }), text = make("span", { class: "text" });
    for (let at = start; at < end; at += 1) {
      const byte = this.bytes[at], marks = this.marks(at);
      digits.append(make("span", { class: marks, "data-at": at }, byte.toString(16).padStart(2, "0")));
      text.append(make("span", { class: marks, "data-at": at }, byte > 0x20 && byte < 0x7F ? String.fromCharCode(byte) : byte === 0x20 ? "\u00a0" : "·"));
    }
    const row = make("div", { class: "hex-row" }, make("span", { class: "offset" }, start.toString(16).padStart(4, "0")), digits, text);
    row.style.transform = `translateY(${number * this.height}px)`;
    return row;
  }

  marks(at) {
    const owner = this.owner[at], node = this.nodes[owner];
    const marks = [node ? `t${node.tint}` : "t-1"];
    if (at % this.width === 0 || this.owner[at - 1] !== owner) marks.push("begins");
    if (at >= this.from && at < this.to) {
      marks.push("on");
      if (at === this.from || at % this.width === 0) marks.push("on-first");
      if (at === this.to - 1 || at % this.width === this.width - 1) marks.push("on-last");
    }
    if (at === this.cursor) marks.push("cursor");
    return marks.join(" ");
  }

  // Marks the bytes of a field.
  mark(node, { cursor = -1, scroll = true } = {}) {
    this.from = node.field.at;
    this.to = node.field.at + node.field.size;
    this.cursor = cursor >= 0 ? cursor : node.field.size ? this.from : this.cursor;
    for (const span of this.body.querySelectorAll("[data-at]")) span.className = this.marks(Number(span.dataset.at));
    if (scroll && node.field.size) this.inSight(cursor >= 0 ? cursor : this.from);
  }

  inSight(at) {
    const top = Math.floor(at / this.width) * this.height;
    if (top < this.place.scrollTop || top + this.height > this.place.scrollTop + this.place.clientHeight) {
      this.place.scrollTop = Math.max(0, top - this.height * 2);
      this.draw();
    }
  }

  choose(at) {
    if (at < 0 || at >= this.bytes.length) return;
    const node = this.nodes[this.owner[at]];
    if (node) this.chosen(node, at);
    this.cursor = at;
    byId("hex-field").textContent = `byte ${at}, ${this.bytes[at].toString(16).padStart(2, "0")}${node ? `: ${node.field.name} ${valueOf(node.field)} ${node.field.meaning ?? ""}` : ""}`;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.bytes.length) return;
    const here = this.cursor, end = this.bytes.length - 1;
    const to = {
      ArrowRight: here + 1, ArrowLeft: here - 1, ArrowDown: here < 0 ? 0 : here + this.width, ArrowUp: here - this.width,
      PageDown: here + this.width * 8, PageUp: here - this.width * 8, Home: 0, End: end,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(Math.max(0, Math.min(end, to)));
  }
}
