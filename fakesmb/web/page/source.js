// Where messages come from: a server that runs, a capture that it was given, or the page itself.

import { make } from "./dom.js";

const BATCH = 1000;
const SEARCHED = ["number", "summary", "status", "command", "subcommand", "share", "path", "user", "peer", "reason", "problem"];
const TOKEN = "fakesmb token";

export class Refused extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

let token = "";

export function rememberToken() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem(TOKEN, decodeURIComponent(given[1]));
    history.replaceState(null, "", location.pathname + location.search);
  }
  token = sessionStorage.getItem(TOKEN) ?? "";
}

export function useToken(text) {
  token = text.trim();
  sessionStorage.setItem(TOKEN, token);
}

async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.ok) return response;
  const body = await response.text();
  let text = body;
  try { text = JSON.parse(body).error ?? body; } catch { /* then it is text */ }
  throw new Refused(text || `${response.status} ${response.statusText}`, response.status);
}

export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await request(path, options);
  const text = await response.text();
  return text ? JSON.parse(text) : {};
}

export async function upload(file) {
  const query = `?name=${encodeURIComponent(file.name)}`;
  const headers = { "Content-Type": "application/octet-stream" };
  return (await request(`api/v1/captures${query}`, { method: "POST", body: file, headers })).json();
}

function query(values) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== "" && value !== undefined) found.set(name, value);
  return found.toString();
}

// The messages of a server, or of a capture that it holds.
export class Served {
  constructor(base, live) {
    this.base = base;
    this.live = live;
  }

  async *batches(filter, after = 0, before = Infinity) {
    for (;;) {
      const found = await ask(`${this.base}/messages?${query({ after, filter, limit: BATCH })}`);
      const messages = found.messages.filter((entry) => entry.id < before);
      yield { messages, last: found.last, forgotten: found.forgotten ?? 0 };
      if (found.messages.length < BATCH || messages.length < BATCH) return;
      after = found.last;
    }
  }

  // Whether the filter is one: a refusal says what is wrong with it.
  try(filter) {
    return ask(`${this.base}/messages?${query({ filter, limit: 1 })}`);
  }

  detail(id) {
    return ask(`${this.base}/messages/${id}`);
  }

  async page(filter, connection) {
    return (await request(`${this.base}/page.html?${query({ filter, connection })}`)).blob();
  }

  // Tells what comes behind `after`, for ever; goes on after each break behind what came last.
  async follow(filter, after, told, signal) {
    let pause = 250;
    for (let last = after; !signal.aborted;) {
      try {
        const headers = { Accept: "text/event-stream", "Last-Event-ID": String(last) };
        const path = `${this.base}/events?${query({ after: last, filter })}`;
        const response = await request(path, { headers, signal });
        told.state("live");
        for await (const event of eventsIn(response.body)) {
          pause = 250;
          if (event.name === "gap") {
            const gap = JSON.parse(event.data);
            for await (const { messages } of this.batches(filter, gap.from - 1, gap.to + 1)) told.messages(messages);
          } else if (event.name === "reset") {
            told.reset();
            return;
          } else if (event.name === "message" && event.data) {
            told.messages([JSON.parse(event.data)]);
          }
          if (event.id) last = Number(event.id);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused) {
          told.refused(error);
          if (error.status < 500) return;
        }
      }
      if (signal.aborted) return;
      told.state("lost");
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 5000);
    }
  }
}

export async function* eventsIn(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", event = { name: "message", data: "", id: "" };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data || event.name !== "message") yield event;
        event = { name: "message", data: "", id: "" };
        continue;
      }
      const [, name, text] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (name === "event") event.name = text;
      else if (name === "data") event.data += (event.data ? "\n" : "") + text;
      else if (name === "id") event.id = text;
    }
  }
}

// The messages that a saved page holds: lists in chunks, each packed by gzip, unpacked when somebody looks.
export class Saved {
  constructor(root) {
    this.live = false;
    this.root = root;
    this.unpacked = new Map();
  }

  try() {}

  async chunk(name) {
    if (!this.unpacked.has(name)) this.unpacked.set(name, unpack(this.root.getElementById(name).textContent));
    return this.unpacked.get(name);
  }

  async *batches(filter) {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (entry) => {
      const text = SEARCHED.map((name) => entry[name] ?? "").join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const messages = (await this.chunk("entries")).filter(has);
    yield { messages, last: 0, forgotten: 0 };
  }

  async detail(id) {
    const entries = await this.chunk("entries");
    const place = entries.findIndex((entry) => entry.id === id);
    const { size } = this.root.getElementById("entries").dataset;
    const chunk = await this.chunk(`details-${Math.floor(place / Number(size))}`);
    return { ...chunk[place % Number(size)], message: entries[place] };
  }
}

async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

export function download(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
