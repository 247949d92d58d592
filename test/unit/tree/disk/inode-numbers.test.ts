import fs from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import * as looks from "../../../../src/tree/disk/calls/look-at.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";

vi.mock(import("../../../../src/tree/disk/calls/look-at.node.ts"), { spy: true });
afterEach(() => vi.restoreAllMocks());

/** Gives each file another inode number at each look, as a network file system may. */
function forgetInodes(): void {
  let next = 1;
  const { lookAt, lookAtHandle } = looks;
  const look: typeof lookAt = (at) => {
    const stats = looks.nodeLook(at);
    return stats && (stats.kind === "file" ? { ...stats, inode: next++ } : stats);
  };
  vi.mocked(lookAt).mockImplementation(look);
  vi.mocked(lookAtHandle).mockImplementation((dirFd) => look({ dirFd, name: "", path: () => "" })!);
}

test("files whose inode numbers change are sent and replaced", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  for (const [root, seed] of [
    [from, 0],
    [to, 1],
  ] as const) {
    fs.mkdirSync(root);
    for (let i = 0; i < 5; i++) fs.writeFileSync(`${root}/${i}`, noise(20_000 + 700_000 * i, i + seed));
    fs.appendFileSync(`${root}/same-start`, Buffer.concat([noise(2_000_000, 9), noise(50, seed)]));
  }
  forgetInodes();
  const { troubles } = await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
  expect(troubles).toEqual([]);
  for (const name of fs.readdirSync(from)) {
    expect(fs.readFileSync(`${to}/${name}`).equals(fs.readFileSync(`${from}/${name}`))).toBe(true);
  }
});
