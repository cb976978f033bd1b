// Publishes a file on an SMB1 share, by curl: the program that the tests are about.
import { spawn } from "node:child_process";
import { basename } from "node:path";

export function publish(server, user, share, file) {
  return new Promise((done, failed) => {
    const url = `smb://${server}/${share}/${basename(file)}`;
    const curl = spawn("curl", ["--silent", "--show-error", "--max-time", "10", "--user", user, "--upload-file", file, url]);
    let said = "";
    curl.stderr.on("data", (data) => (said += data));
    curl.on("error", failed);
    curl.on("close", (code) => (code === 0 ? done() : failed(new Error(said.trim() || `curl ended with ${code}`))));
  });
}
