// UIDs, TIDs, FIDs and SIDs of the conversation, as they are when the chosen message has been said.

import { hex, make } from "./dom.js";

const TABLES = [
  ["uids", "UID", "signed-in users", "nobody is signed in"],
  ["tids", "TID", "connected shares", "no share is connected"],
  ["fids", "FID", "open files and pipes", "nothing is open"],
  ["sids", "SID", "open searches", ""],
];
const NUMBERS = new Set(["uid", "tid", "fid", "sid", "pid"]);

// Whether a cell has anything to say: a plain user is the rule, and a 0 that is no identifier stands for nothing.
const said = (value) => value !== null && value !== undefined && value !== "" && value !== "user" && value !== 0
  && typeof value !== "boolean" && (!Array.isArray(value) || value.length > 0);

export function showTables(place, tables, before = null) {
  if (!tables) {
    place.replaceChildren();
    return;
  }
  place.replaceChildren(...TABLES.map(([key, name, words, none]) => {
    const rows = tables[key] ?? [];
    if (!rows.length && !none) return null;
    const known = new Set((before?.[key] ?? []).map((row) => JSON.stringify(row)));
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) => rows.some((row) => said(row[column])));
    const caption = make("caption", {}, make("b", {}, name), " ", make("span", { class: "soft" }, words));
    if (!rows.length) return make("table", {}, caption, make("tbody", {}, make("tr", {}, make("td", { class: "soft" }, none))));
    const head = make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column))));
    const body = make("tbody", {}, ...rows.map((row) => {
      const fresh = before && !known.has(JSON.stringify(row));
      return make("tr", { class: fresh ? "fresh" : "" }, ...columns.map((column, at) => {
        const value = row[column];
        const text = !said(value) ? "" : NUMBERS.has(column) ? hex(value) : column === "since" ? `message ${value}` : String(value);
        return make(at ? "td" : "th", { scope: at ? undefined : "row" }, text, fresh && at === 0 ? make("span", { class: "new" }, "new") : "");
      }));
    }));
    return make("table", {}, caption, head, body);
  }).filter(Boolean));
}
