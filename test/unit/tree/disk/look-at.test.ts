import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect, test } from "vitest";
import type { FileStats } from "../../../../src/tree/disk/calls/file-stats.node.ts";
import { lookAt, lookAtHandle, nodeLook, readStats } from "../../../../src/tree/disk/calls/look-at.node.ts";
import type { NameAt } from "../../../../src/tree/disk/calls/call-at.node.ts";
import { findLibc } from "../../../../src/tree/disk/calls/libc.node.ts";
import { statxRoomWords, StatxView } from "../../../../src/tree/disk/calls/statx-view.node.ts";
import { nodeTimes, timeSetters } from "../../../../src/tree/disk/calls/times.node.ts";
import { setTime, tempDir } from "./disk-tree.ts";

/** What the C library sees, without what only it does. */
function lookWell(at: NameAt): FileStats | undefined {
  const stats = lookAt(at);
  return stats && { ...stats, mount: 0, bornUsec: 0 };
}

test("both ways to look at a file see the same", () => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/file`, "");
  fs.truncateSync(`${temp.path}/file`, 5 * 2 ** 32 + 7);
  fs.chmodSync(`${temp.path}/file`, 0o4751);
  execFileSync("touch", ["-d", "1901-12-14 00:00:00.123456789 UTC", `${temp.path}/file`]);
  fs.symlinkSync("file", `${temp.path}/link`);
  fs.mkdirSync(`${temp.path}/dir`);
  execFileSync("mkfifo", [`${temp.path}/pipe`]);
  const dirFd = fs.openSync(temp.path, "r");
  for (const name of ["file", "link", "dir", "pipe", "none"]) {
    const at = { dirFd, name, path: () => `${temp.path}/${name}` };
    expect(lookWell(at)).toEqual(nodeLook(at));
    const words = new Uint32Array(statxRoomWords);
    expect(readStats(words, at) ? new StatxView(words).copy() : undefined).toEqual(lookAt(at));
  }
  expect(lookAt({ dirFd, name: "file", path: () => "" })).toMatchObject({
    kind: "file",
    size: 5 * 2 ** 32 + 7,
    mode: 0o4751,
    mtimeNsec: 123_456_789,
  });
  const devFd = fs.openSync("/dev", "r");
  const device = { dirFd: devFd, name: "null", path: () => "/dev/null" };
  expect(nodeLook(device)).toMatchObject({ kind: "charDevice", rdev: { major: 1, minor: 3 } });
  expect(lookWell(device)).toEqual(nodeLook(device));
  fs.closeSync(devFd);
  const own = nodeLook({ dirFd, name: "", path: () => "" });
  expect({ ...lookAtHandle(dirFd), mount: 0, bornUsec: 0 }).toEqual(own);
  fs.closeSync(dirFd);
});

test.each([
  [0, 0],
  [-1, 999_999_999],
  [-2_000_000_000, 1],
  [1_700_000_000, 123_456_789],
  [4_300_000_000, 999_999_000],
])("the time %i s and %i ns is set, to the microsecond at least", (sec, nsec) => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/file`, "");
  fs.symlinkSync("file", `${temp.path}/link`);
  const timeOf = (name: string): bigint => fs.lstatSync(`${temp.path}/${name}`, { bigint: true }).mtimeNs;
  const cutOf = (name: string): bigint => timeOf(name) - (((timeOf(name) % 1000n) + 1000n) % 1000n);
  const exact = BigInt(sec) * 1_000_000_000n + BigInt(nsec);
  const cut = exact - BigInt(nsec % 1000);
  const fd = fs.openSync(`${temp.path}/file`, "r+");
  nodeTimes.setHandle(fd, sec, nsec);
  expect(cutOf("file")).toBe(cut);
  setTime(nodeTimes, `${temp.path}/link`, sec, nsec);
  expect(cutOf("link")).toBe(cut);
  timeSetters()[0]!.setHandle(fd, sec, nsec);
  setTime(timeSetters()[0]!, `${temp.path}/link`, sec, nsec);
  expect([cutOf("file"), cutOf("link")]).toEqual([cut, cut]);
  if (findLibc()) expect([timeOf("file"), timeOf("link")]).toEqual([exact, exact]);
  fs.closeSync(fd);
});
