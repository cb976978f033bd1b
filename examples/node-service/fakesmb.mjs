// A fakesmb for the tests of a Node project: a process, a port file, JSON lines. Node needs nothing for it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export async function start(...options) {
  const folder = await mkdtemp(join(tmpdir(), "fakesmb-"));
  const portFile = join(folder, "port");
  const log = join(folder, "talk.jsonl");
  const words = ["serve", "--port", "0", "--port-file", portFile, "--log", "none", "--log-file", log, "--quiet"];
  const server = spawn("fakesmb", [...words, ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const gone = once(server, "exit");
  let said = "";
  server.stderr.on("data", (data) => (said += data));

  let port = "";
  while (!port) {  // the file is there once clients can connect
    await Promise.race([gone, sleep(20)]);
    if (server.exitCode !== null) throw new Error(`fakesmb did not start: ${said}`);
    port = (await readFile(portFile, "utf-8").catch(() => "")).trim();
  }

  // What was said up to now, an object for each event.
  const events = async () => {
    const whole = (await readFile(log, "utf-8")).split("\n").slice(0, -1);
    return whole.map((line) => JSON.parse(line));
  };
  return {
    address: `127.0.0.1:${port}`,
    events,
    // The first event that is as the function wants it; the log is a moment behind.
    async event(wanted, patience = 5000) {
      for (const end = Date.now() + patience; Date.now() < end; await sleep(20)) {
        const found = (await events()).find(wanted);
        if (found) return found;
      }
      throw new Error(`no such event: ${wanted}`);
    },
    async stop() {
      server.kill("SIGTERM");
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}
