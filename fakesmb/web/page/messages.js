// What came so far, in order: who asked what, which answer belongs to which request, who is connected.

const MOST = 60000;  // entries that the page remembers; the server remembers fewer
const DROPPED = 10000;

export class Messages {
  constructor() {
    this.entries = [];
    this.byId = new Map();
    this.connections = new Map();
    this.waiting = new Map();  // connection, MID and PID -> the request that has no answer yet
    this.forgotten = 0;
    this.started = null;
  }

  get last() {
    return this.entries.at(-1)?.id ?? 0;
  }

  // Adds entries in any order; gives those that are new, or null where some belong before others.
  add(entries) {
    const fresh = [];
    let inOrder = true;
    for (const entry of entries) {
      if (this.byId.has(entry.id)) continue;
      delete entry.fields;  // the tree has them; here they would only take memory
      delete entry.chain;
      entry.at = Date.parse(entry.time.replace(/(\.\d{3})\d+Z/, "$1Z")) / 1000 + microseconds(entry.time);
      if (entry.id < this.last) inOrder = false;
      this.entries.push(entry);
      this.byId.set(entry.id, entry);
      fresh.push(entry);
    }
    if (!inOrder) {
      this.entries.sort((one, other) => one.id - other.id);
      this.waiting.clear();
      this.connections.clear();
      for (const entry of this.entries) this.follow(entry);
    } else {
      for (const entry of fresh) this.follow(entry);
    }
    if (this.entries.length > MOST) {
      for (const old of this.entries.splice(0, DROPPED)) this.byId.delete(old.id);
      this.forgotten += DROPPED;
      inOrder = false;
    }
    this.started = this.entries[0]?.at ?? null;
    return inOrder ? fresh : null;
  }

  follow(entry) {
    if (entry.connection === undefined || entry.connection === null) return;
    let talk = this.connections.get(entry.connection);
    if (!talk) {
      talk = { number: entry.connection, peer: entry.peer ?? "", user: "", count: 0, ended: false };
      this.connections.set(entry.connection, talk);
    }
    if (entry.user) talk.user = entry.user;
    if (entry.event === "disconnected") {
      talk.ended = true;
      for (const [key, request] of this.waiting) {
        if (request.connection === entry.connection) {
          request.ended = entry.id;
          this.waiting.delete(key);
        }
      }
    }
    if (entry.event !== "request" && entry.event !== "response") return;
    talk.count += 1;
    const key = `${entry.connection} ${entry.mid} ${entry.pid}`;
    if (entry.event === "request") {
      this.waiting.set(key, entry);
      return;
    }
    const asked = this.waiting.get(key);
    if (asked) {
      asked.pair = entry.id;
      entry.pair = asked.id;
      this.waiting.delete(key);
    }
  }
}

function microseconds(time) {
  const found = /\.\d{3}(\d{3})/.exec(time);
  return found ? Number(found[1]) / 1e6 : 0;
}
