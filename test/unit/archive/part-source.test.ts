import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listTree } from "../../../src/archive/list-tree.node.ts";
import { cutParts, type PathRange, rangeOf } from "../../../src/archive/parts.node.ts";
import { partRoomName, StagingRoom } from "../../../src/tree/disk/target/staging-room.node.ts";
import { HeldDirs } from "../../../src/tree/disk/calls/held-dirs.node.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { transfer } from "../../../src/transfer/transfer.node.ts";
import { freshDir, indexTo, plantFiles } from "./indexed-trees.ts";

const names = Array.from({ length: 60 }, (_, i) => `d${i % 5}/e${i % 3}/file${i}`);

function plantTree(): { readonly dir: string; readonly from: string; readonly to: string } {
  const dir = freshDir();
  const from = join(dir, "from");
  plantFiles(from, Object.fromEntries(names.map((name, i) => [name, "x".repeat(i * 37)])));
  mkdirSync(join(from, "d9/empty"), { recursive: true });
  for (const path of ["d0/e0", "d0", "d1", "d9/empty", "d9", "."]) utimesSync(join(from, path), 2000, 2000);
  return { dir, from, to: join(dir, "to") };
}

async function rangesOf(root: string, count: number): Promise<readonly PathRange[]> {
  const source = await openTreeSource(`${root}/`);
  const bytes = names.reduce((sum, _, i) => sum + i * 37, 0);
  const bounds = await cutParts(listTree(source), { files: names.length, bytes }, count);
  await source.close();
  return Array.from({ length: count }, (_, at) => rangeOf(bounds, at + 1));
}

it.each(["", "/"])("parts that are received at the same time make the whole of SRC%s", async (slash) => {
  const { dir, from, to } = plantTree();
  const count = 4;
  const ranges = await rangesOf(from, count);
  const sent = await Promise.all(
    ranges.map(async (range, at) => transfer(from + slash, to, { range, part: `${at + 1}/${count}` })),
  );
  expect(sent.map(({ failed, troubles }) => failed + troubles)).toEqual([0, 0, 0, 0]);
  expect(sent.reduce((sum, { files }) => sum + files, 0)).toBe(names.length);
  const made = slash === "" ? join(to, "from") : to;
  const [wanted, found] = [await indexTo(join(dir, "1"), from), await indexTo(join(dir, "2"), made)];
  expect(found.sha256).toBe(wanted.sha256);
  expect(existsSync(join(to, ".rsync-stream"))).toBe(false);
});

it("one part is received by one session at a time, and a whole tree beside none of its kind", async () => {
  const { from, to } = plantTree();
  mkdirSync(to);
  const held = new HeldDirs(to);
  const room = new StagingRoom(held, held.root, partRoomName("1/2"));
  const [first, second] = await rangesOf(from, 2);
  await expect(transfer(`${from}/`, to, { range: first!, part: "1/2" })).rejects.toMatchObject({
    code: "LOCKED",
  });
  await transfer(`${from}/`, to, { range: second!, part: "2/2" });
  room.close();
  await transfer(`${from}/`, to, { range: first!, part: "1/2" });
  expect(existsSync(join(to, ".rsync-stream"))).toBe(false);
  held.close();
});

it("what a part left whose session was killed goes with the next transfer of the whole", async () => {
  const { from, to } = plantTree();
  const left = join(to, ".rsync-stream/part-1-2");
  mkdirSync(left, { recursive: true, mode: 0o700 });
  writeFileSync(join(left, "01234567.0123456789ab.0"), "half");
  await transfer(`${from}/`, to, {});
  expect(existsSync(join(to, ".rsync-stream"))).toBe(false);
});
