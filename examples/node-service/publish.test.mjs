import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "./fakesmb.mjs";
import { publish } from "./publish.mjs";

let folder, news, server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "share-"));
  news = join(await mkdtemp(join(tmpdir(), "out-")), "news.txt");
  await writeFile(news, "all is well\n");
  server = await start("--share", `out=${folder}`, "--user", "alice:Secret123");
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
  await rm(join(news, ".."), { recursive: true });
});

test("a wrong password is an error, and nothing is written", async () => {
  await assert.rejects(publish(server.address, "alice:wrong", "out", news), /denied/);
  await server.event((event) => event.event === "sign_in_refused" && event.user === "alice");
  assert.ok(!(await server.events()).some((event) => event.path === "\\news.txt"));
});

test("the file is there, and was written once", async () => {
  await publish(server.address, "alice:Secret123", "out", news);
  assert.equal(await readFile(join(folder, "news.txt"), "utf-8"), "all is well\n");
  await server.event((event) => event.event === "disconnected" && event.connection === 2);
  const writes = (await server.events()).filter(
    (event) => event.event === "request" && event.command === "SMB_COM_WRITE_ANDX",
  );
  assert.deepEqual(writes.map((event) => event.path), ["\\news.txt"]);
});
