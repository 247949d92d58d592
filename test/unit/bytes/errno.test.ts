import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { expect, it } from "vitest";
import { errnoMessage, errnoName, errnoOf } from "../../../src/bytes/errno.node.ts";
import { ioError } from "../../../src/store/io-error.node.ts";
import { fileTrouble, isErrno } from "../../../src/tree/disk/calls/file-trouble.node.ts";

/** An error as Node throws it for a number of the system. */
function thrownFor(number: number, code = getSystemErrorName(-number)): Error {
  return Object.assign(new Error(`${code}: ${code}, write`), { code, errno: -number, syscall: "write" });
}

const unnamed = Object.entries(constants.errno).filter(([, number]) =>
  getSystemErrorName(-number).startsWith("Unknown"),
);

it("names what Node names, and what it does not", () => {
  expect(unnamed.length).toBeGreaterThan(0);
  expect(errnoName(constants.errno.ENOENT)).toBe("ENOENT");
  for (const [name, number] of unnamed) {
    expect(errnoName(number)).toBe(name);
    expect(errnoOf(thrownFor(number))).toBe(name);
    expect(errnoOf(thrownFor(number, "UNKNOWN"))).toBe(name);
    expect(isErrno(thrownFor(number), "ENOSPC", name)).toBe(true);
  }
  expect(errnoName(9999)).toBe("errno 9999");
});

it("says what Node says to a call of its own", () => {
  expect(errnoMessage(constants.errno.EACCES, "openat")).toBe("EACCES: permission denied, openat");
  for (const [name, number] of unnamed)
    expect(errnoMessage(number, "openat")).toBe(`${name}: failed, openat`);
});

it("finds no name where there is none", () => {
  for (const thrown of [undefined, "ENOENT", new Error("no"), { code: "ENOENT" }]) {
    expect(errnoOf(thrown)).toBeUndefined();
  }
});

it("takes a quota that is used up for a disk that is full", () => {
  const quota = thrownFor(constants.errno.EDQUOT);
  expect(ioError(quota, "a")).toMatchObject({ code: "NO_SPACE" });
  expect(fileTrouble(quota, "a")).toMatchObject({ code: "NO_SPACE", message: "EDQUOT: write failed" });
});
