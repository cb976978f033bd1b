// The ladder: clients on the left, the server on the right, an arrow a message. Only the rows in sight are in the page.

import { beforePicture, byId, make } from "./dom.js";
import { PROTOCOLS, isMessage, protocolOf, statusWords, verdictOf, wordsOf } from "./protocols.js";

const AHEAD = 8;  // rows that are made before they are in sight
const LONG = 0.25;  // seconds from which an answer is said to have been waited for
const MOST_LANES = 12;

export class Ladder {
  constructor(list, messages, { chosen, moved }) {
    this.list = list;
    this.messages = messages;
    this.chosen = chosen;
    this.moved = moved;
    this.rows = [];
    this.lanes = [];
    this.made = new Map();
    this.bars = new Map();
    this.selected = 0;
    this.following = true;
    this.reached = 0;
    this.onlyTalk = 0;
    this.sideBySide = false;
    this.body = make("div", { class: "ladder-body", role: "presentation" });
    this.lines = make("div", { class: "lifelines", "aria-hidden": "true" });
    this.heads = make("div", { class: "ladder-heads", "aria-hidden": "true" });
    this.body.append(this.lines);
    list.append(this.heads, this.body);
    this.draw = beforePicture(() => this.render());
    list.addEventListener("scroll", () => this.scrolled(), { passive: true });
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-id]");
      if (row) this.select(Number(row.dataset.id), { byHand: true });
    });
    new ResizeObserver(() => { this.measure(); this.draw(); }).observe(list);
    this.measure();
  }

  measure() {
    const probe = make("div", { class: "row-height" });
    this.body.append(probe);
    this.height = probe.getBoundingClientRect().height || 44;
    probe.remove();
    const height = this.list.clientHeight;
    if (this.inner !== undefined && height && this.following) requestAnimationFrame(() => { if (this.following) this.toEnd(); });
    this.inner = height;
  }

  shows(entry) {
    return !this.onlyTalk || entry.connection === this.onlyTalk;
  }

  // All rows anew.
  reset() {
    this.rows = this.messages.entries.filter((entry) => this.shows(entry));
    for (const row of this.made.values()) row.remove();
    for (const bar of this.bars.values()) bar.remove();
    this.made.clear();
    this.bars.clear();
    this.layOut();
    this.draw();
  }

  append(entries) {
    for (const entry of entries) if (this.shows(entry)) this.rows.push(entry);
    this.layOut();
    if (this.following) this.toEnd();
    this.draw();
  }

  layOut() {
    const talks = [...this.messages.connections.values()].filter((talk) => !this.onlyTalk || talk.number === this.onlyTalk);
    const lanes = this.sideBySide ? talks.slice(-MOST_LANES) : [];
    const names = lanes.length ? lanes.map(laneName) : [talks.length === 1 ? laneName(talks[0]) : "clients"];
    const shape = names.join("|");
    this.lanes = lanes.map((talk) => talk.number);
    this.body.style.height = `${this.rows.length * this.height}px`;
    if (shape === this.shape) return;
    this.shape = shape;
    this.list.style.setProperty("--lanes", names.length);
    this.lines.replaceChildren(...names.map((_, at) => placed(make("div", { class: "lifeline" }), at)));
    this.heads.replaceChildren(...names.map((name, at) =>
      placed(make("div", { class: "head" }, make("b", {}, name), make("b", {}, "server")), at)));
    for (const row of this.made.values()) row.remove();
    this.made.clear();
  }

  headHeight() {
    return this.heads.offsetHeight;
  }

  scrolled() {
    this.draw();
    const list = this.list;
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - this.height;
    // Where the pane became lower or the list longer, nobody scrolled: only who goes up stops following.
    if (this.following && !atEnd && list.scrollTop < this.reached - 1) this.follow(false);
    else this.moved(atEnd);
  }

  follow(on) {
    this.following = on;
    if (on) this.toEnd();
    this.moved(on);
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.reached = this.list.scrollTop;
  }

  render() {
    const top = this.list.scrollTop, inner = this.list.clientHeight;
    const first = Math.max(0, Math.floor(top / this.height) - AHEAD);
    const last = Math.min(this.rows.length, Math.ceil((top + inner) / this.height) + AHEAD);
    for (const [at, row] of this.made) {
      if (at < first || at >= last || row.dataset.id !== String(this.rows[at].id)) {
        row.remove();
        this.made.delete(at);
      }
    }
    for (let at = first; at < last; at += 1) {
      if (this.made.has(at)) continue;
      const row = this.row(this.rows[at], at);
      this.made.set(at, row);
      this.body.append(row);
    }
    this.drawBars(first, last);
    this.mark();
  }

  row(entry, at) {
    const protocol = protocolOf(entry), verdict = verdictOf(entry), { title, carrier } = wordsOf(entry);
    const lane = this.lanes.indexOf(entry.connection);
    const kind = isMessage(entry) ? entry.event : "happening";
    const row = make("div", {
      class: `row ${kind} p-${protocol} ${verdict}`, role: "option", id: `row-${entry.id}`, "data-id": entry.id,
      "aria-setsize": this.rows.length, "aria-posinset": at + 1, "aria-selected": entry.id === this.selected ? "true" : "false",
    });
    row.style.transform = `translateY(${at * this.height}px)`;
    row.append(make("span", { class: "number" }, entry.number ? String(entry.number) : "",
      make("small", {}, (entry.at - this.messages.started).toFixed(3))));
    const said = make("span", { class: "said-row" });
    if (kind !== "happening") said.append(make("span", { class: "badge", title: PROTOCOLS[protocol].name },
      make("i", { "aria-hidden": "true" }, PROTOCOLS[protocol].letter),
      make("span", { class: "unseen" }, PROTOCOLS[protocol].name)));
    if (kind !== "happening") said.append(make("span", { class: "unseen" }, kind === "request" ? "request:" : "reply:"));
    if (!this.lanes.length && this.messages.connections.size > 1 && entry.connection) {
      said.append(make("span", { class: "talk", title: `conversation ${entry.connection}` }, String(entry.connection)));
    }
    said.append(make("span", { class: "title", title: entry.summary ?? "" }, title));
    if (carrier) said.append(make("span", { class: "carrier" }, carrier));
    if (verdict) said.append(make("span", { class: "status" }, verdict === "refused" ? "✕ " : "… ", statusWords(entry)));
    if (entry.fault) said.append(make("span", { class: "fault" }, `⚡ ${entry.fault}`));
    const took = (entry.took_us ?? 0) / 1e6;
    if (took >= LONG) said.append(make("span", { class: "took" }, `after ${took.toFixed(took < 10 ? 2 : 0)} s`));
    const cell = make("span", { class: "cell" }, said);
    if (kind !== "happening") cell.append(make("span", { class: "arrow", "aria-hidden": "true" }));
    row.append(placed(cell, Math.max(0, lane)));
    return row;
  }

  // A bar at the server from each request to its answer; one that waits is drawn as long as it waits.
  drawBars(first, last) {
    const wanted = new Map();
    const want = (asked, from) => {
      const to = asked.pair ? this.placeOf(asked.pair) : asked.ended ? this.placeOf(asked.ended) : this.rows.length;
      if (to > from) wanted.set(asked.id, { from, to, open: !asked.pair, long: this.isLong(asked, from, to), lane: this.lanes.indexOf(asked.connection) });
    };
    for (let at = first; at < last; at += 1) {
      const entry = this.rows[at];
      if (entry.event === "request" && (entry.pair || this.waits(entry))) want(entry, at);
      else if (entry.event === "response" && entry.pair) {
        const from = this.placeOf(entry.pair);
        if (from >= 0 && from < first) want(this.messages.byId.get(entry.pair), from);
      }
    }
    for (const asked of this.messages.waiting.values()) {
      const from = this.placeOf(asked.id);
      if (from >= 0 && from < first) want(asked, from);
    }
    for (const [id, bar] of this.bars) {
      if (!wanted.has(id)) { bar.remove(); this.bars.delete(id); }
    }
    for (const [id, { from, to, open, long, lane }] of wanted) {
      let bar = this.bars.get(id);
      if (!bar) {
        bar = make("div", { class: "wait", "aria-hidden": "true" });
        this.bars.set(id, bar);
        this.body.append(bar);
      }
      bar.className = `wait${open ? " open" : long ? " long" : ""}`;
      placed(bar, Math.max(0, lane));
      bar.style.transform = `translateY(${(from + 0.72) * this.height}px)`;
      bar.style.height = `${Math.max(1, to - from) * this.height}px`;
    }
  }

  // Whether others of the conversation spoke meanwhile, or time went by.
  isLong(asked, from, to) {
    if ((this.messages.byId.get(asked.pair)?.took_us ?? 0) / 1e6 >= LONG) return true;
    if (to - from > 60) return true;
    for (let at = from + 1; at < to; at += 1) {
      if (isMessage(this.rows[at]) && this.rows[at].connection === asked.connection) return true;
    }
    return false;
  }

  waits(entry) {
    return entry.ended || this.messages.waiting.get(`${entry.connection} ${entry.mid} ${entry.pid}`) === entry;
  }

  placeOf(id) {
    let low = 0, high = this.rows.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1, found = this.rows[middle].id;
      if (found === id) return middle;
      if (found < id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  select(id, { byHand = false, focus = false } = {}) {
    const at = this.placeOf(id);
    if (at < 0) return false;
    this.selected = id;
    if (byHand) this.following = !this.rows.slice(at + 1, at + 60).some(isMessage) && this.rows.length - at < 60;
    if (this.following) this.toEnd();
    else this.inSight(at);
    this.render();
    if (focus) this.list.focus();
    this.chosen(this.rows[at]);
    return true;
  }

  inSight(at) {
    const list = this.list, top = at * this.height, head = this.headHeight();
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + this.height + head > list.scrollTop + list.clientHeight) {
      list.scrollTop = top + this.height + head - list.clientHeight;
    }
  }

  mark() {
    let active = "";
    for (const row of this.made.values()) {
      const is = Number(row.dataset.id) === this.selected;
      row.setAttribute("aria-selected", is ? "true" : "false");
      if (is) active = row.id;
    }
    if (active) this.list.setAttribute("aria-activedescendant", active);
    else this.list.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.rows.length) return;
    const here = this.placeOf(this.selected), page = Math.max(1, Math.floor(this.list.clientHeight / this.height) - 2);
    const to = {
      ArrowDown: here + 1, ArrowUp: here < 0 ? this.rows.length - 1 : here - 1,
      PageDown: here + page, PageUp: here - page, Home: 0, End: this.rows.length - 1,
    }[event.key];
    if (event.key === "Enter") {
      const pair = this.messages.byId.get(this.selected)?.pair;
      if (pair) this.select(pair, { byHand: true });
    } else if (to === undefined) return;
    else this.select(this.rows[Math.max(0, Math.min(this.rows.length - 1, to))].id, { byHand: true });
    event.preventDefault();
  }
}

function laneName(talk) {
  return `${talk.number} · ${talk.user || talk.peer || "client"}${talk.ended ? " (gone)" : ""}`;
}

function placed(element, lane) {
  element.style.setProperty("--lane", lane);
  return element;
}

// One button a conversation; the one that is pressed is shown alone.
export class Conversations {
  constructor(place, messages, { only, sideBySide }) {
    this.place = place;
    this.messages = messages;
    this.only = only;
    this.sideBySide = sideBySide;
    this.shown = "";
    this.chosen = 0;
    this.beside = false;
  }

  render() {
    const talks = [...this.messages.connections.values()];
    const shape = JSON.stringify([this.chosen, this.beside, talks.map((talk) => [talk.number, talk.user, talk.count, talk.ended])]);
    if (shape === this.shown) return;
    this.shown = shape;
    this.place.hidden = talks.length < 1;
    const had = document.activeElement?.closest?.("#conversations [data-talk]")?.dataset.talk;
    const chip = (number, words, count, more = {}) => make("button", {
      type: "button", class: "chip", "aria-pressed": this.chosen === number ? "true" : "false", "data-talk": number,
      onclick: () => { this.chosen = this.chosen === number ? 0 : number; this.only(this.chosen); this.render(); }, ...more,
    }, words, " ", make("small", {}, count));
    const all = talks.reduce((sum, talk) => sum + talk.count, 0);
    const chips = [chip(0, "All", all.toLocaleString("en"))];
    for (const talk of talks.slice(-40)) {
      chips.push(chip(talk.number, `${talk.number} · ${talk.user || talk.peer}`, talk.count.toLocaleString("en"),
        { class: `chip${talk.ended ? " gone" : ""}`, title: `${talk.peer}${talk.ended ? ", gone" : ""}` }));
    }
    if (talks.length > 1) {
      chips.push(make("button", { type: "button", class: "chip beside", "data-talk": "beside", "aria-pressed": this.beside ? "true" : "false",
        onclick: () => { this.beside = !this.beside; this.sideBySide(this.beside); this.render(); } }, "Side by side"));
    }
    this.place.replaceChildren(...chips);
    if (had !== undefined) this.place.querySelector(`[data-talk="${had}"]`)?.focus();
  }
}

export function legend() {
  byId("legend").replaceChildren(...Object.entries(PROTOCOLS).map(([key, { letter, name }]) =>
    make("li", { class: `p-${key}` }, make("span", { class: "badge" }, make("i", { "aria-hidden": "true" }, letter)), name)));
}
