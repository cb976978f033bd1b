// The page around one source of messages: ladder, fields, bytes, tables, filter. `main.js` adds what needs a server.

import { announce, byId, make, plural, soon } from "./dom.js";
import { Conversations, Ladder, legend } from "./ladder.js";
import { Messages } from "./messages.js";
import { isMessage, statusWords, verdictOf, wordsOf } from "./protocols.js";
import { showTables } from "./tables.js";
import { Hex, Tree, flatten } from "./tree.js";

const THEME = "fakesmb theme";

export class View {
  constructor(source) {
    this.source = source;
    this.filter = "";
    this.paused = false;
    this.held = [];
    this.detail = null;
    this.asked = 0;
    this.stop = new AbortController();
    this.watchers = new Set();
    this.messages = new Messages();
    this.ladder = new Ladder(byId("ladder"), this.messages, {
      chosen: (entry) => this.showEntry(entry),
      moved: (atEnd) => this.moved(atEnd),
    });
    this.conversations = new Conversations(byId("conversations"), this.messages, {
      only: (number) => { this.ladder.onlyTalk = number; this.again(); },
      sideBySide: (on) => {
        this.ladder.sideBySide = on;
        document.body.classList.toggle("side-by-side", on);
        this.again();
      },
    });
    this.tree = new Tree(byId("tree"), (node) => this.fieldChosen(node));
    this.hex = new Hex(byId("hex"), (node, at) => this.byteChosen(node, at));
    this.come = [];
    this.takeAll = soon(() => this.take(this.come.splice(0)));
    this.latest = soon(() => this.showLatest());
    legend();
    this.wire();
  }

  wire() {
    byId("filter-form").addEventListener("submit", (event) => { event.preventDefault(); this.setFilter(byId("filter").value); });
    byId("filter").addEventListener("input", () => { byId("filter-clear").hidden = !byId("filter").value; });
    byId("filter").addEventListener("change", () => this.setFilter(byId("filter").value));
    byId("filter-clear").addEventListener("click", () => {
      byId("filter").value = "";
      byId("filter-clear").hidden = true;
      this.setFilter("");
      byId("filter").focus();
    });
    byId("newest").addEventListener("click", () => this.toNewest());
    byId("keys-open").addEventListener("click", () => byId("keys").showModal());
    document.addEventListener("keydown", (event) => this.key(event));
    themes();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, textarea, select")) {
      if (event.key === "Escape") byId("ladder").focus();
      return;
    }
    const places = { "/": "filter", m: "ladder", b: "hex" };
    if (places[event.key]) byId(places[event.key]).focus();
    else if (event.key === "f") byId("tree").querySelector('[tabindex="0"]')?.focus();
    else if (event.key === "?") byId("keys").showModal();
    else return;
    event.preventDefault();
  }

  // -- what comes ----------------------------------------------------------------------------------------

  // Everything anew: another source, another filter, a server that was reset.
  async begin() {
    this.stop.abort();
    const stop = this.stop = new AbortController();
    this.held = [];
    this.come = [];
    for (const name of ["entries", "byId", "connections", "waiting"]) this.messages[name] = new Messages()[name];
    this.messages.started = null;
    this.ladder.selected = 0;
    this.ladder.following = this.source.live;
    this.ladder.onlyTalk = this.conversations.chosen = 0;
    this.nothing();
    this.again();
    let last = 0;
    try {
      for await (const batch of this.source.batches(this.filter)) {
        if (stop.signal.aborted) return;
        this.messages.forgotten = batch.forgotten;
        this.take(batch.messages);
        last = batch.last;
      }
    } catch (error) {
      if (!stop.signal.aborted) this.refused(error);
      if (error.status !== undefined) return;
    }
    if (stop.signal.aborted) return;
    byId("filter-said").textContent = this.filter ? plural(this.messages.entries.length, "line") : "";
    byId("empty").hidden = this.messages.entries.length > 0;
    if (!this.source.live) {
      this.state("still");
      const first = this.ladder.rows.find(isMessage) ?? this.ladder.rows[0];
      if (first) this.ladder.select(first.id, { byHand: true });
      return;
    }
    await this.source.follow(this.filter, last, {
      messages: (entries) => { this.come.push(...entries); this.takeAll(); },
      state: (name) => this.state(name),
      refused: (error) => this.refused(error),
      reset: () => { if (!stop.signal.aborted) this.begin(); },
    }, stop.signal);
  }

  take(entries) {
    if (!entries.length) return;
    for (const watcher of this.watchers) for (const entry of entries) watcher(entry);
    if (this.paused) {
      this.held.push(...entries);
      this.state("paused");
      return;
    }
    const fresh = this.messages.add(entries);
    if (fresh) this.ladder.append(fresh);
    else this.ladder.reset();
    this.conversations.render();
    byId("empty").hidden = true;
    if (this.ladder.following && this.source.live) this.latest();
  }

  again() {
    this.ladder.reset();
    this.conversations.render();
    if (this.ladder.following) this.ladder.toEnd();
  }

  showLatest() {
    const last = this.ladder.rows.findLast(isMessage) ?? this.ladder.rows.at(-1);
    if (this.ladder.following && last && last.id !== this.ladder.selected) this.ladder.select(last.id);
  }

  moved(atEnd) {
    byId("newest").hidden = atEnd || !this.source.live || !this.ladder.rows.length;
  }

  toNewest() {
    this.ladder.follow(true);
    this.showLatest();
    byId("ladder").focus();
  }

  // A filter with a mistake changes nothing but what is said below it.
  async setFilter(text) {
    const filter = text.trim(), box = byId("filter");
    if (filter === this.filter && !box.hasAttribute("aria-invalid")) return;
    box.value = text;
    byId("filter-clear").hidden = !text;
    try {
      if (filter) await this.source.try(filter);
    } catch (error) {
      if (error.status !== 400) { this.refused(error); return; }
      box.setAttribute("aria-invalid", "true");
      byId("filter-said").textContent = error.message;
      return;
    }
    box.removeAttribute("aria-invalid");
    byId("filter-said").textContent = "";
    if (filter === this.filter) return;
    this.filter = filter;
    await this.begin();
  }

  pause(on = !this.paused) {
    this.paused = on;
    const button = byId("pause");
    button.setAttribute("aria-pressed", on ? "true" : "false");
    if (!on) {
      const held = this.held;
      this.held = [];
      this.take(held);
    }
    this.state(on ? "paused" : "live");
  }

  state(name) {
    if (this.paused && name === "live") name = "paused";
    const words = {
      live: "live", lost: "the server does not answer; trying again", still: "",
      paused: this.held.length ? `paused, ${this.held.length.toLocaleString("en")} waiting` : "paused",
    }[name];
    const place = byId("state");
    place.className = `state ${name}`;
    place.textContent = words;
  }

  refused(error) {
    if (this.onRefusal) this.onRefusal(error);
    else notice(error.message);
  }

  // -- one message ---------------------------------------------------------------------------------------

  nothing() {
    this.detail = null;
    this.tree.show([]);
    this.hex.show([], new Uint8Array(), 0);
    byId("message-title").textContent = "No message is chosen";
    byId("sentence").textContent = byId("hex-said").textContent = "";
    byId("notes").replaceChildren();
    byId("buffers").hidden = true;
    showTables(byId("tables"), null);
  }

  async showEntry(entry) {
    if (this.detail?.message.id === entry.id) return;
    const asked = ++this.asked;
    let detail;
    try {
      detail = await this.source.detail(entry.id);
    } catch (error) {
      if (asked !== this.asked) return;
      this.nothing();
      byId("message-title").textContent = entry.summary ?? entry.event;
      byId("sentence").textContent = error.message;
      return;
    }
    if (asked !== this.asked) return;
    this.detail = { ...detail, message: { ...detail.message, id: entry.id } };
    const { message, tree } = detail;
    byId("message-title").replaceChildren(...titleOf(message));
    byId("message-title").className = verdictOf(message);
    byId("sentence").textContent = detail.sentence ?? "";
    const notes = [...(tree?.notes ?? [])];
    if (tree?.problem) notes.push(`What could not be read: ${tree.problem}`);
    byId("notes").replaceChildren(...notes.map((note) => make("li", {}, note)));
    const nodes = tree ? flatten(tree) : [];
    this.nodes = nodes;
    this.buffers = (tree?.buffers ?? []).map(bytesOf);
    this.tree.show(nodes);
    this.showBuffer(0);
    showTables(byId("tables"), detail.tables, this.before);
    this.before = detail.tables;
  }

  showBuffer(number) {
    const bytes = this.buffers[number] ?? new Uint8Array();
    this.hex.show(this.nodes, bytes, number);
    const left = (this.detail.tree?.size ?? bytes.length) - bytes.length;
    let said = bytes.length ? plural(bytes.length, "byte") : "none: this is no message";
    if (number === 0 && left > 0) said += `; ${left.toLocaleString("en")} more were sent that are not kept`;
    byId("hex-said").textContent = said;
    const place = byId("buffers");
    place.hidden = this.buffers.length < 2;
    place.replaceChildren(...this.buffers.map((buffer, at) => make("button", {
      type: "button", class: "chip", "aria-pressed": at === number ? "true" : "false",
      onclick: () => { this.showBuffer(at); place.children[at].focus(); },
    }, at === 0 ? "This message" : `Put together of several (${plural(buffer.length, "byte")})`)));
  }

  fieldChosen(node) {
    if (node.buffer !== this.hex.buffer && this.buffers[node.buffer]) this.showBuffer(node.buffer);
    this.hex.mark(node);
  }

  byteChosen(node, at) {
    this.tree.select(node.index, { told: false });
    this.hex.mark(node, { cursor: at });
  }
}

function titleOf(entry) {
  const { title, carrier } = wordsOf(entry);
  const found = [];
  if (entry.number) found.push(make("span", { class: "soft" }, `${entry.number} `));
  if (entry.direction) found.push(entry.direction === "C" ? "→ " : "← ");
  found.push(title);
  if (carrier) found.push(make("span", { class: "soft" }, ` in ${carrier}`));
  if (verdictOf(entry)) found.push(make("span", { class: "status" }, ` ${statusWords(entry)}`));
  return found;
}

export function bytesOf(digits) {
  const found = new Uint8Array(digits.length / 2);
  for (let at = 0; at < found.length; at += 1) found[at] = parseInt(digits.substr(at * 2, 2), 16);
  return found;
}

// A line below the bar, until it is closed.
export function notice(text, { kind = "", actions = [], key = "", closed = () => {} } = {}) {
  const place = byId("notices");
  if (key) place.querySelector(`[data-key="${key}"]`)?.remove();
  const close = make("button", { type: "button", class: "quiet", "aria-label": "Close this notice", onclick: () => { line.remove(); closed(); } }, "✕");
  const line = make("div", { class: `notice ${kind}`, "data-key": key || undefined }, make("p", {}, text), ...actions, close);
  place.append(line);
  announce(text);
  return line;
}

function themes() {
  const root = document.documentElement, button = byId("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const say = () => { button.textContent = dark() ? "Light" : "Dark"; };
  try { root.dataset.theme = localStorage.getItem(THEME) ?? ""; } catch { /* a file has no storage everywhere */ }
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem(THEME, root.dataset.theme); } catch { /* then until the page is closed */ }
    say();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
  say();
}
