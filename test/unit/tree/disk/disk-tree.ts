import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TimeSetter } from "../../../../src/tree/disk/calls/times.node.ts";
import { sha256 } from "../../../../src/chunk/digest.ts";

/** A new empty directory, removed by `dispose`. */
export function tempDir(): { path: string; [Symbol.dispose](): void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "rsync-stream-test-"));
  return {
    path: dir,
    [Symbol.dispose]() {
      execFileSync("chmod", ["-R", "u+rwX", dir]);
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Sets the time of a path, of the link itself when it is one. */
export function setTime(setter: TimeSetter, place: string | Buffer, sec: number, nsec: number): void {
  const bytes = Buffer.from(place);
  const slash = bytes.lastIndexOf("/");
  const dirFd = fs.openSync(bytes.subarray(0, slash), "r");
  try {
    const name = bytes.toString("latin1", slash + 1);
    setter.setAt({ dirFd, name, path: () => bytes }, sec, nsec);
  } finally {
    fs.closeSync(dirFd);
  }
}

/** All of a tree that is synced, a line per path: kind, mode, time, content. Names byte by byte. */
export function describeTree(root: string): string[] {
  const lines: string[] = [];
  const visit = (at: Buffer, shown: string): void => {
    const stats = fs.lstatSync(at, { bigint: true });
    const facts = [(Number(stats.mode) & 0o7777).toString(8), String(stats.mtimeNs)];
    if (stats.isSymbolicLink()) facts.push("->", fs.readlinkSync(at, "latin1"));
    else if (stats.isFile())
      facts.push(String(stats.size), Buffer.from(sha256(fs.readFileSync(at))).toString("hex"));
    else facts.push(stats.isDirectory() ? "dir" : "other");
    if (stats.isSymbolicLink()) facts[0] = "link";
    lines.push([shown, ...facts].join(" "));
    if (!stats.isDirectory()) return;
    for (const name of fs.readdirSync(at, { encoding: "latin1" }).sort()) {
      visit(Buffer.concat([at, Buffer.from(`/${name}`, "latin1")]), `${shown}/${name}`);
    }
  };
  visit(Buffer.from(root), ".");
  return lines;
}

/** Bytes that look random, the same for the same seed (xorshift32). */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 0x9e3779b1) | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
