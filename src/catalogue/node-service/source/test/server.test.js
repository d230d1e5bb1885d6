import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const server = fileURLToPath(new URL("../src/server.js", import.meta.url));

test("SIGTERM ends it in order", async () => {
  const child = spawn(process.execPath, [server], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });

  await once(child.stdout, "data");
  child.kill("SIGTERM");

  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});
