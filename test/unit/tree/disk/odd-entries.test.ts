import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SyncError } from "../../../../src/errors.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { memoryTarget } from "../../../../src/tree/memory/memory-target.ts";
import { memoryDir, type MemoryDir, type MemoryNode } from "../../../../src/tree/memory/memory-tree.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { notLinux, skipFor, unless } from "../../../obstacles.ts";

/** A folder on a file system that keeps any time and size, where there is one. */
function freshDir(): { path: string; [Symbol.dispose](): void } {
  const path = fs.mkdtempSync(join(fs.existsSync("/dev/shm") ? "/dev/shm" : "/tmp", "odd-"));
  return { path, [Symbol.dispose]: () => execFileSync("rm", ["-rf", path]) };
}

/** Makes directories in each other, also where the path to them is longer than a call takes. */
function nest(root: string, names: readonly string[], leaf: string): void {
  let fd = fs.openSync(root, "r");
  for (const name of names) {
    fs.mkdirSync(`/proc/self/fd/${fd}/${name}`, { recursive: true });
    const inner = fs.openSync(`/proc/self/fd/${fd}/${name}`, "r");
    fs.closeSync(fd);
    fd = inner;
  }
  fs.writeFileSync(`/proc/self/fd/${fd}/${leaf}`, "x");
  fs.closeSync(fd);
}

function countOf(node: MemoryNode): number {
  if (node.kind !== "dir") return 1;
  return [...node.children.values()].reduce((sum, child) => sum + countOf(child), 0);
}

/** What arrives, and the paths that the sender reports. */
async function send(place: string, mode: "duplex" | "one-way"): Promise<{ root: MemoryDir; told: string[] }> {
  const [near, far] = duplexPair();
  const root = memoryDir();
  const source = await openTreeSource(place);
  const told: SyncError[] = [];
  await Promise.all([
    sendTree(source, near, { mode, layout: source.layout, onTrouble: (error) => void told.push(error) }),
    receiveTree(memoryTarget(root), far, { duplex: mode === "duplex" }),
  ]);
  await source.close();
  return { root, told: told.map(({ detail }) => detail.path!) };
}

unless(notLinux).test.each(["duplex", "one-way"] as const)(
  "paths at the limits come, those beyond are left out: %s",
  async (mode) => {
    using temp = freshDir();
    const root = join(temp.path, "t");
    fs.mkdirSync(root);
    nest(root, Array<string>(254).fill("d"), "leaf");
    nest(root, Array<string>(16).fill("n".repeat(250)), "f".repeat(78));
    fs.writeFileSync(join(root, "z"), "z");
    for (const place of [root, `${root}/`]) {
      expect(await send(place, mode)).toMatchObject({ told: [] });
    }
    nest(root, Array<string>(255).fill("d"), "leaf");
    nest(root, Array<string>(16).fill("n".repeat(250)), "g".repeat(79));
    nest(root, Array<string>(16).fill("n".repeat(250)), "h".repeat(81));
    const named = await send(root, mode);
    expect(named.told.map((path) => path.length)).toEqual([255 * 2 + 4, 4016 + 79, 4016 + 81]);
    expect(countOf(named.root)).toBe(3);
    const contents = await send(`${root}/`, mode);
    expect(contents.told.map((path) => path.length)).toEqual([255 * 2 + 4, 4016 + 81]);
    expect(countOf(contents.root)).toBe(4);
  },
);

test.for(["duplex", "one-way"] as const)("a time or size that no number holds: %s", async (mode, context) => {
  using temp = freshDir();
  const time = "-6698727701578022144";
  fs.mkdirSync(join(temp.path, "d"));
  for (const name of ["a", "b", "c", "d/e"]) fs.writeFileSync(join(temp.path, name), name);
  execFileSync("touch", ["-d", `@${time}`, join(temp.path, "b"), join(temp.path, "d"), temp.path]);
  const kept = execFileSync("stat", ["-c", "%Y", join(temp.path, "b")], { encoding: "utf8" }).trim();
  skipFor(context, kept === time ? undefined : "this file system cuts such times");
  execFileSync("truncate", ["-s", String(2 ** 53), join(temp.path, "c")]);
  const { root, told } = await send(`${temp.path}/`, mode);
  expect(told).toEqual([".", "b", "c", "d"]);
  expect([...root.children.keys()].sort()).toEqual(["a", "d"]);
  expect(countOf(root)).toBe(2);
});
