// What a message carries: a colour, and a letter in a shape of its own, so that nothing is told by colour alone.

export const PROTOCOLS = {
  smb: { letter: "S", name: "SMB" },
  ntlmssp: { letter: "N", name: "NTLMSSP" },
  msrpc: { letter: "R", name: "DCE/RPC" },
  dfs: { letter: "D", name: "DFS" },
  rap: { letter: "L", name: "LANMAN (RAP)" },
  server: { letter: "·", name: "the server: connections, sign-ins" },
};

const TAGS = { NTLMSSP: "ntlmssp", MSRPC: "msrpc", DFS: "dfs", RAP: "rap", LANMAN: "rap" };

export function isMessage(entry) {
  return entry.event === "request" || entry.event === "response";
}

export function protocolOf(entry) {
  if (!isMessage(entry)) return "server";
  const tag = /^([A-Z]+):/.exec(entry.summary ?? "");
  if (tag && TAGS[tag[1]]) return TAGS[tag[1]];
  return /Lanman|\bRAP\b/.test(entry.summary ?? "") ? "rap" : "smb";
}

const QUIET = new Set(["STATUS_SUCCESS", "STATUS_MORE_PROCESSING_REQUIRED", "STATUS_NOTIFY_ENUM_DIR", "STATUS_NO_MORE_FILES"]);

// "" for success, "more" for a status that is no error, "refused" for one that is.
export function verdictOf(entry) {
  if (entry.event === "sign_in_refused" || entry.event === "problem") return "refused";
  if (entry.event !== "response" || !entry.status || entry.status === "STATUS_SUCCESS") return "";
  return QUIET.has(entry.status) || /BUFFER_OVERFLOW|NO_MORE/.test(entry.status) ? "more" : "refused";
}

// The summary without what is drawn beside it: the direction, and the status.
export function wordsOf(entry) {
  let words = entry.summary ?? entry.event ?? "";
  if (!isMessage(entry)) return { title: words, carrier: "" };
  words = words.replace(/ - NT Status: .*?\(\d+\) [\w/]+/, "");
  const carried = /^([A-Z]+):(.*?) \(([CR]; .*)\)$/s.exec(words);
  if (carried) return { title: carried[2].replace(/^c\/o /, ""), carrier: carried[3].slice(3) };
  return { title: words.replace(/^[CR]; /, ""), carrier: "" };
}

export function statusWords(entry) {
  return (entry.status ?? "").replace(/^STATUS_/, "");
}
