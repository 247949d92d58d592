import { expect, test } from "vitest";
import { readPlaceOptions } from "../../../src/cli/options/receiving-options.ts";
import { connectTimeoutOf, timeoutOf } from "../../../src/cli/options/session-options.ts";

test.each([
  ["restart", "restarts"],
  ["mkpath", "makesPath"],
  ["keep-dirlinks", "keepsDirLinks"],
  ["preallocate", "preallocates"],
])("--%s is %s in an order, and nothing is where it is not given", async (option, field) => {
  const read = async (options: object) => readPlaceOptions(options as never, "receiver");
  expect(await read({ [option]: true })).toMatchObject({ [field]: true });
  expect(((await read({})) as Readonly<Record<string, unknown>>)[field]).toBeUndefined();
});

test("times to wait are about what they say", () => {
  expect(connectTimeoutOf({ contimeout: "5" })).toEqual({ helloMs: 5000, connectMs: 5000 });
  expect(timeoutOf({ timeout: "5" })).toEqual({ helloMs: 5000, stallMs: 5000 });
  expect([connectTimeoutOf({}), timeoutOf({})]).toEqual([{}, {}]);
});
