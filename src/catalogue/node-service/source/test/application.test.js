import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { createApplication } from "../src/application.js";

async function serving(environment, use) {
  const server = createApplication(environment).listen(0, "127.0.0.1");
  await once(server, "listening");

  try {
    await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("the greeting names the environment and the release", async () => {
  const environment = { GREETING: "Good morning", HARMONIX_ENVIRONMENT: "dev", HARMONIX_RELEASE: "4f1c" };

  await serving(environment, async (address) => {
    const response = await fetch(`${address}/?from=anywhere`);

    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { greeting: "Good morning", environment: "dev", release: "4f1c" });
  });
});

test("it greets without being told anything", async () => {
  await serving({}, async (address) => {
    const response = await fetch(address);

    assert.deepEqual(await response.json(), { greeting: "Hello", environment: "local", release: "unreleased" });
  });
});

test("it is healthy once it serves", async () => {
  await serving({}, async (address) => {
    const response = await fetch(`${address}/health`);

    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: "ok" });
  });
});

test("health is answered where the load balancer asks for it", async () => {
  await serving({ HARMONIX_HEALTH_PATH: "/alive" }, async (address) => {
    assert.equal((await fetch(`${address}/alive`)).status, 200);
    assert.equal((await fetch(`${address}/health`)).status, 404);
  });
});

test("an unknown path is not found", async () => {
  await serving({}, async (address) => {
    assert.equal((await fetch(`${address}/nowhere`)).status, 404);
  });
});

test("nothing can be written", async () => {
  await serving({}, async (address) => {
    const response = await fetch(address, { method: "POST" });

    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD");
  });
});
