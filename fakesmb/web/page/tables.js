// UIDs, TIDs, FIDs and SIDs of the conversation, as they are when the chosen message has been said.

import { hex, make } from "./dom.js";

const TABLES = [
  ["uids", "UID", "signed-in users", "nobody is signed in"],
  ["tids", "TID", "connected shares", "no share is connected"],
  ["fids", "FID", "open files and pipes", "nothing is open"],
  ["sids", "SID", "open searches", ""],
];
const NUMBERS = new Set(["uid", "tid", "fid", "sid"]);

export function showTables(place, tables, before = null) {
  if (!tables) {
    place.replaceChildren();
    return;
  }
  place.replaceChildren(...TABLES.map(([key, name, words, none]) => {
    const rows = tables[key] ?? [];
    if (!rows.length && !none) return null;
    const known = new Set((before?.[key] ?? []).map((row) => JSON.stringify(row)));
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const caption = make("caption", {}, make("b", {}, name), " ", make("span", { class: "soft" }, words));
    if (!rows.length) return make("table", {}, caption, make("tbody", {}, make("tr", {}, make("td", { class: "soft" }, none))));
    const head = make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column))));
    const body = make("tbody", {}, ...rows.map((row) => {
      const fresh = before && !known.has(JSON.stringify(row));
      return make("tr", { class: fresh ? "fresh" : "" }, ...columns.map((column, at) => {
        const value = row[column];
        const text = value === null || value === undefined ? "" : NUMBERS.has(column) ? hex(value) : String(value);
        return make(at ? "td" : "th", { scope: at ? undefined : "row" }, text, fresh && at === 0 ? make("span", { class: "new" }, "new") : "");
      }));
    }));
    return make("table", {}, caption, head, body);
  }).filter(Boolean));
}
