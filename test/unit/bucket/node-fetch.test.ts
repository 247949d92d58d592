import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";

test("a body that broke off before it is taken fails, and is not waited for", async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("12345", () => setTimeout(() => response.destroy(), 20));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const call = nodeFetch();
  const answer = await call(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await expect(answer.takeBody!(100, () => new Error("too long"))).rejects.toThrow();
});
