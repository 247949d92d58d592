import fs from "node:fs";
import { expect, test, vi } from "vitest";
import { notLinux, unless } from "../../../obstacles.ts";
import { namesIn } from "../../../../src/tree/disk/calls/dir-names.node.ts";
import { tempDir } from "./disk-tree.ts";

const libc = vi.hoisted(() => ({ isThere: true }));

vi.mock(import("../../../../src/tree/disk/calls/libc.node.ts"), async (load) => {
  const real = await load();
  return { ...real, findLibc: () => (libc.isThere ? real.findLibc() : undefined) };
});

function namesOf(path: string): string[] {
  const dirFd = fs.openSync(path, "r");
  try {
    return namesIn({ dirFd, name: ".", path: () => path }).sort();
  } finally {
    fs.closeSync(dirFd);
  }
}

test("an empty directory has no names", () => {
  using temp = tempDir();
  expect(namesOf(temp.path)).toEqual([]);
});

test("names of every length and of any bytes are those that Node reads", () => {
  using temp = tempDir();
  for (let length = 1; length <= 255; length++) fs.writeFileSync(`${temp.path}/${"n".repeat(length)}`, "");
  const place = Buffer.from(`${temp.path}/`);
  for (let byte = 1; byte <= 255; byte++) {
    if (byte === 0x2f) continue;
    fs.writeFileSync(Buffer.concat([place, Buffer.from([0x61, byte])]), "");
  }
  for (const name of ["...", ".a", "..a", ". "]) fs.mkdirSync(`${temp.path}/${name}`);
  const names = namesOf(temp.path);
  expect(names).toHaveLength(255 + 254 + 4);
  expect(names).toEqual(fs.readdirSync(temp.path, { encoding: "latin1" }).sort());
});

test("a directory is read to its end, however many calls it takes, and again", () => {
  using temp = tempDir();
  const expected = Array.from({ length: 3000 }, (_, i) => `${i}`.padStart(40, "0"));
  for (const name of expected) fs.writeFileSync(`${temp.path}/${name}`, "");
  const dirFd = fs.openSync(temp.path, "r");
  const at = { dirFd, name: ".", path: () => temp.path };
  expect(namesIn(at).sort()).toEqual(expected);
  expect(namesIn(at).sort()).toEqual(expected);
  fs.closeSync(dirFd);
});

test("what is no directory is an error with its code", () => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/file`, "");
  const dirFd = fs.openSync(`${temp.path}/file`, "r");
  const at = { dirFd, name: ".", path: () => `${temp.path}/file` };
  expect(() => namesIn(at)).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
  fs.closeSync(dirFd);
});

unless(notLinux).test.each([true, false])(
  "a directory that was removed is not empty but gone; by the C library: %s",
  (isThere) => {
    using temp = tempDir();
    libc.isThere = isThere;
    fs.mkdirSync(`${temp.path}/dir`);
    const dirFd = fs.openSync(`${temp.path}/dir`, "r");
    const at = { dirFd, name: ".", path: () => `/proc/self/fd/${dirFd}/.` };
    expect(namesIn(at)).toEqual([]);
    fs.rmdirSync(`${temp.path}/dir`);
    expect(() => namesIn(at)).toThrow(expect.objectContaining({ code: "ENOENT" }));
    fs.closeSync(dirFd);
    libc.isThere = true;
  },
);
