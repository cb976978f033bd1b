// The page of a server that runs: what comes live, captures, faults, lessons.

import { announce, byId, make, plural } from "./dom.js";
import { Lessons } from "./lessons.js";
import { Served, ask, download, rememberToken, upload, useToken } from "./source.js";
import { View, notice } from "./view.js";

rememberToken();
const live = new Served("api/v1", true);
const view = new View(live);

view.onRefusal = (error) => {
  if (error.status === 401) askToken(error.message);
  else notice(error.message, { kind: "bad", key: "refused" });
};

function askToken(why) {
  const input = make("input", { type: "password", "aria-label": "Token", autocomplete: "off" });
  const form = make("form", { class: "inline" }, input, make("button", {}, "Use it"));
  const line = notice(`${why} This page needs the token of the server.`, { kind: "bad", key: "token", actions: [form] });
  form.addEventListener("submit", (event) => { event.preventDefault(); useToken(input.value); line.remove(); start(); });
  input.focus();
}

let server = {};

async function start() {
  view.begin();
  try {
    server = await ask("api/v1/state");
    const [host, port] = split(server.address ?? "");
    lessons.place(host || location.hostname, port);
    byId("empty").replaceChildren(...welcome(host || location.hostname, port));
  } catch (error) {
    if (error.status !== 401) notice(error.message, { kind: "bad", key: "state" });
  }
}

function split(address) {
  const found = /^\[?(.*?)\]?:(\d+)$/.exec(address);
  return found ? [found[1], found[2]] : [address, ""];
}

function welcome(host, port) {
  const name = server.shares?.find((share) => !/\$$/.test(share.name))?.name ?? "public";
  const words = `smbclient //${host}/${name} -p ${port} -m NT1 --option='client min protocol=NT1' -U alice%Secret123 -c ls`;
  return [
    make("b", {}, "Nothing has been said yet."), make("br"),
    "Let a client connect, for example: ", make("code", {}, words), make("br"),
    "or drop a capture here.",
  ];
}

// -- pause, save ---------------------------------------------------------------------------------------------

byId("pause").addEventListener("click", () => view.pause());
byId("ladder").addEventListener("keydown", (event) => {
  if (event.key === " " && view.source.live) { event.preventDefault(); view.pause(); }
});

byId("save").addEventListener("click", async () => {
  try {
    const only = view.ladder.onlyTalk || "";
    download(await view.source.page(view.filter, only), `${captureName || "fakesmb"}${only ? `-${only}` : ""}.html`);
    announce("The page is saved");
  } catch (error) {
    notice(error.message, { kind: "bad", key: "save" });
  }
});

// -- captures ------------------------------------------------------------------------------------------------

let captureName = "";

async function open(file) {
  notice(`${file.name} is being read`, { key: "capture" });
  let found;
  try {
    found = await upload(file);
  } catch (error) {
    notice(`${file.name}: ${error.message}`, { kind: "bad", key: "capture" });
    return;
  }
  captureName = file.name.replace(/\.[^.]*$/, "");
  if (view.paused) view.pause(false);
  view.source = new Served(`api/v1/captures/${found.capture}`, false);
  const troubles = found.troubles ?? [];
  const actions = [make("button", { type: "button", onclick: () => line.remove() || back() }, "Back to the live server")];
  if (troubles.length) {
    actions.unshift(make("details", {}, make("summary", {}, `${plural(troubles.length, "thing")} could not be read`),
      make("ul", {}, ...troubles.slice(0, 200).map((text) => make("li", {}, text)))));
  }
  const line = notice(`${file.name}: ${plural(found.messages, "message")}`, { key: "capture", actions });
  byId("pause").hidden = byId("fault").hidden = true;
  byId("empty").textContent = "This capture has no SMB1 messages.";
  resetFilter();
  view.begin();
}

function back() {
  captureName = "";
  view.source = live;
  byId("pause").hidden = byId("fault").hidden = false;
  resetFilter();
  start();
}

function resetFilter() {
  view.filter = byId("filter").value = "";
  byId("filter-said").textContent = "";
  byId("filter-clear").hidden = true;
  byId("filter").removeAttribute("aria-invalid");
}

byId("load").addEventListener("click", () => byId("load-file").click());
byId("load-file").addEventListener("change", (event) => {
  if (event.target.files[0]) open(event.target.files[0]);
  event.target.value = "";
});
let dragged = 0;
const drop = byId("drop");
addEventListener("dragenter", (event) => { event.preventDefault(); dragged += 1; drop.hidden = false; });
addEventListener("dragleave", () => { dragged -= 1; if (dragged <= 0) { dragged = 0; drop.hidden = true; } });
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  dragged = 0;
  drop.hidden = true;
  if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
});

// -- a fault in one click ------------------------------------------------------------------------------------

byId("fault").addEventListener("click", async () => {
  // A rule for each share: clients write to pipes to list shares, and that is not meant.
  const shares = (server.shares ?? []).map((share) => share.name).filter((name) => name.toUpperCase() !== "IPC$");
  const name = `next write ${Date.now() % 100000}`;
  const rules = [];
  const done = () => {
    view.watchers.delete(watch);
    for (const rule of rules.splice(0)) ask(`api/v1/faults/${encodeURIComponent(rule)}`, undefined, "DELETE").catch(() => {});
  };
  const cancel = make("button", { type: "button", onclick: () => { line.remove(); done(); } }, "Let it succeed");
  let line = null;
  const watch = (entry) => {
    if (!entry.fault?.startsWith(name)) return;
    done();
    const what = entry.path ? ` to ${entry.path}` : "";
    const told = `The write${what} of ${entry.user || "a client"} was not done: message ${entry.number} told the client ${entry.status ?? "STATUS_DISK_FULL"}.`;
    line.querySelector("p").textContent = told;
    cancel.replaceWith(make("button", { type: "button", onclick: () => view.ladder.select(entry.id, { byHand: true, focus: true }) }, "Show it"));
    announce(told);
  };
  try {
    for (const share of shares) {
      const rule = { command: "WRITE", share, fail: "DISK_FULL", times: 1, name: `${name} on ${share}` };
      rules.push((await ask("api/v1/faults", rule)).id);
    }
  } catch (error) {
    done();
    notice(error.message, { kind: "bad", key: "fault" });
    return;
  }
  line = notice("The next write to a share will fail with STATUS_DISK_FULL: no byte will be written.", { kind: "armed", actions: [cancel], closed: done });
  view.watchers.add(watch);
});

// -- lessons -------------------------------------------------------------------------------------------------

const lessons = new Lessons(view);
let told = 0, heard = 0;
view.watchers.add(() => {
  heard += 1;
  if (heard === 1 || Date.now() - told < 5000) return;
  told = Date.now();
  announce(`${plural(heard, "new message")}`);
  heard = 1;
});
start();
