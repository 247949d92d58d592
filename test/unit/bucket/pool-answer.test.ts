import { expect, it } from "vitest";
import { PoolAnswer } from "../../../src/bucket/pool-answer.node.ts";

/** The steps by which the client of a pool is told how to go on. */
const controller = { pause() {}, resume() {}, abort() {} } as unknown as ConstructorParameters<
  typeof PoolAnswer
>[1];

const tooLong = (): Error => new Error("too long");

it("sets no memory aside for a body that is said to be longer than may be", async () => {
  const answer = new PoolAnswer("GET", controller, 200, { "content-length": String(2 ** 50) });
  const taken = answer.takeBody(100_000, tooLong);
  answer.take(Buffer.alloc(10, 1));
  answer.end();
  expect(await taken).toEqual(Buffer.alloc(10, 1));
});

it("takes a body up to the limit, whatever it was said to be, and no byte more", async () => {
  for (const said of ["70000", undefined, "100000"])
    for (const bytes of [70_000, 70_001]) {
      const answer = new PoolAnswer("GET", controller, 200, { "content-length": said });
      const taken = answer.takeBody(70_000, tooLong);
      answer.take(Buffer.alloc(bytes - 60_000, 1));
      answer.take(Buffer.alloc(60_000, 2));
      answer.end();
      if (bytes > 70_000) await expect(taken).rejects.toThrow("too long");
      else expect((await taken).length).toBe(bytes);
    }
});
