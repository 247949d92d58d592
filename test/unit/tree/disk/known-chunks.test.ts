import fs from "node:fs";
import { expect, test } from "vitest";
import { chunkOf } from "../../../../src/chunk/verify.ts";
import { sha256Digest } from "../../../../src/chunk/digest.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { KnownChunks } from "../../../../src/tree/disk/target/known-chunks.node.ts";
import { Places } from "../../../../src/tree/disk/target/places.node.ts";
import { noise, tempDir } from "./disk-tree.ts";

const content = noise(5000, 1);

test.each([
  ["is as it was", content, true],
  ["has other bytes there", Buffer.from(content).fill(7, 2999, 3000), false],
  ["is shorter", content.subarray(0, 2999), false],
  ["is gone", undefined, false],
] as const)("a chunk is taken from a file only when it is in it: one that %s", (_, now, isTaken) => {
  using temp = tempDir();
  const path = `${temp.path}/file`;
  const { id, bytes } = chunkOf(content.subarray(1000, 3000));
  const held = new HeldDirs(temp.path);
  const places = new Places(held);
  const place = places.add(held.root, "file", content.length);
  for (const learn of ["add", "addReceived"] as const) {
    const known = new KnownChunks(places, sha256Digest, 4096);
    if (learn === "add") known.add(id, place, 1000);
    else known.addReceived(id, bytes, place, 1000);
    if (now) fs.writeFileSync(path, now);
    const found = known.read(id, 2000);
    expect(found?.at).toEqual(isTaken ? { place, offset: 1000 } : undefined);
    if (isTaken) expect(Buffer.from(found!.bytes).equals(bytes)).toBe(true);
    else expect(found).toBeUndefined();
  }
  places.close();
  held.close();
});
