import fc from "fast-check";
import { expect, test } from "vitest";
import { opcodes } from "../../../src/fuse/fuse-numbers.ts";
import { decodeRequest, uniqueOf } from "../../../src/fuse/fuse-requests.ts";
import { isSyncError } from "../../../src/errors.ts";

import { fields, init, nul, part, request } from "./played-kernel.ts";

test.each([
  ["init", opcodes.init, init, { major: 7, readAheadBytes: 131_072, flags: 0xffff_ffff }],
  ["lookup", opcodes.lookup, nul("name"), { name: new Uint8Array(Buffer.from("name")) }],
  ["read", opcodes.read, part(2 ** 40 + 5, 4096), { offset: 2 ** 40 + 5, size: 4096 }],
  ["readdir", opcodes.readdir, part(7, 100), { offset: 7, size: 100 }],
  ["readdirplus", opcodes.readdirplus, part(7, 100), { offset: 7, size: 100 }],
  [
    "getxattr",
    opcodes.getxattr,
    Buffer.concat([fields([32, 64], [32, 0]), nul("user.a")]),
    { size: 64, name: new Uint8Array(Buffer.from("user.a")) },
  ],
  ["listxattr", opcodes.listxattr, fields([32, 9], [32, 0]), { size: 9 }],
  ["interrupt", opcodes.interrupt, fields([64, 2 ** 33]), { interrupted: 2 ** 33 }],
  ["forget", opcodes.forget, fields([64, 3]), {}],
  ["batchForget", opcodes.batchForget, fields([32, 1], [32, 0], [64, 5], [64, 1]), {}],
  ["getattr", opcodes.getattr, fields([64, 0], [64, 0]), {}],
  ["statfs", opcodes.statfs, new Uint8Array(0), {}],
  ["unknown", 4711, new Uint8Array(3), {}],
] as const)("%s is read, and nothing of it changes with the bytes", (ask, opcode, body, found) => {
  const bytes = request(opcode, body, 2 ** 40 + 2, 77);
  const read = decodeRequest(bytes);
  bytes.fill(0xff);
  expect(read).toEqual({ ask, unique: 2 ** 40 + 2, node: 77, ...found });
});

test("what is cut off, says another length or has too large numbers is refused", () => {
  const whole = request(opcodes.read, part(0, 1));
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    expect(() => decodeRequest(cut)).toThrow(/length/);
    if (length < 40) continue;
    new DataView(cut.buffer).setUint32(0, length, true);
    expect(() => decodeRequest(cut)).toThrow(/short/);
  }
  expect(() => decodeRequest(request(opcodes.lookup, Buffer.from("noend")))).toThrow(/no name/);
  expect(() => decodeRequest(request(opcodes.lookup, nul("") as Uint8Array))).toThrow(/short/);
  const far = request(opcodes.read, part(0, 1));
  far[55] = 0xff;
  expect(() => decodeRequest(far)).toThrow(/53 bits/);
});

test("any bytes are a request or refused", () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const opcode = fc.constantFrom(...Object.values(opcodes));
  fc.assert(
    fc.property(bytes, opcode, fc.boolean(), (body, code, isPlain) => {
      const message = isPlain ? body : request(code, body);
      try {
        decodeRequest(message);
      } catch (thrown) {
        expect(isSyncError(thrown, "BAD_MESSAGE")).toBe(true);
        uniqueOf(message);
      }
    }),
    { numRuns: 500 },
  );
});
