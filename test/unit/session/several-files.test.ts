import fs from "node:fs";
import { expect, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile, type MemoryDir } from "../../../src/tree/memory/memory-tree.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

const fileCount = 20;

/** A tree of small files; those of each version have the same beginning. */
function version(number: number): MemoryDir {
  const root = memoryDir();
  for (let i = 0; i < fileCount; i++) {
    const bytes = xorshiftBytes(i + 1, 3000);
    bytes.fill(number, 2900);
    root.children.set(Buffer.from(`f${i}`).toString("latin1"), memoryFile(bytes, { mtimeSec: number }));
  }
  return root;
}

function contents({ children }: MemoryDir): unknown {
  return [...children].map(([name, file]) => [name, file.kind === "file" && Buffer.from(file.bytes)]);
}

test("a target is told of several files in one call", async () => {
  const tree = version(1);
  const [sender, receiver] = duplexPair();
  const calls = { place: [] as number[], write: [] as number[], finish: [] as number[] };
  const inner = memoryTarget(tree);
  const target = override(inner, {
    old: undefined,
    place(lists) {
      calls.place.push(new Set(lists.map(({ entry }) => entry)).size);
      return inner.place(lists);
    },
    write(placements) {
      calls.write.push(new Set(placements.map(({ entry }) => entry)).size);
      return inner.write(placements);
    },
    finish(files) {
      calls.finish.push(files.length);
      return inner.finish(files);
    },
  });
  using temp = tempDir();
  for (const [name, file] of version(2).children) {
    if (file.kind === "file") fs.writeFileSync(`${temp.path}/${name}`, file.bytes);
  }
  const source = await openTreeSource(`${temp.path}/`);
  await Promise.all([sendTree(source, sender), receiveTree(target, receiver)]);
  expect(contents(tree)).toEqual(contents(version(2)));
  for (const counts of Object.values(calls))
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(fileCount / 2);
});
