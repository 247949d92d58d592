import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { redisRegister } from "../../../src/coordinator/redis-register.node.ts";

test("a server of Redis that cannot be reached is told by what the system says", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const register = redisRegister(`redis://127.0.0.1:${port}/0`, "key");
  const reading = register.read();
  await expect(reading).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(reading).rejects.toThrow(/^Redis does not answer: connect ECONNREFUSED/);
  await register.close();
});
