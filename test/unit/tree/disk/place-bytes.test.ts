import fs from "node:fs";
import { expect } from "vitest";
import { dirShare } from "../../../../src/http/dir-share.node.ts";
import { parseSharePath } from "../../../../src/http/share-path.ts";
import { openTreePreview } from "../../../../src/tree/disk/target/preview.node.ts";
import { type DirSource, openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";
import { type Obstacle, unless } from "../../../obstacles.ts";

/** For names that are no text, which some file systems do not take. */
function onlyText(): Obstacle {
  using temp = tempDir();
  try {
    fs.mkdirSync(Buffer.from(`${temp.path}/\xe9`, "latin1"));
    return undefined;
  } catch {
    return "names that are not UTF-8 cannot be made here";
  }
}

unless(onlyText()).test("a link leads to a place whose name is not UTF-8, at both ends", async () => {
  using temp = tempDir();
  for (const name of ["from", "to"]) {
    const place = Buffer.from(`${temp.path}/${name}\xe9`, "latin1");
    fs.mkdirSync(place);
    fs.symlinkSync(place, `${temp.path}/${name}`);
  }
  fs.writeFileSync(`${temp.path}/from/file`, "x");
  const source = await openTreeSource(`${temp.path}/from/`);
  const { troubles } = await syncTrees(source, await openTreeTarget(`${temp.path}/to`));
  expect(troubles).toEqual([]);
  expect(fs.readdirSync(`${temp.path}/to`)).toEqual(["file"]);
  expect(fs.readdirSync(temp.path)).toHaveLength(4);
});

unless(onlyText()).test("a caller names a place by its bytes, at both ends and of a share", async () => {
  using temp = tempDir();
  const place = (text: string) => Buffer.from(`${temp.path}/${text}`, "latin1");
  const bytes = (text: string) => new Uint8Array(place(text));
  fs.mkdirSync(place("from\xe9"));
  fs.writeFileSync(place("from\xe9/file\xff"), "x");
  const changes: string[] = [];
  const preview = openTreePreview(bytes("to\xfe"), { onChange: ({ change }) => changes.push(change) });
  await syncTrees(await openTreeSource(bytes("from\xe9/")), preview);
  expect(changes).toEqual(["new", "new"]);
  await syncTrees(await openTreeSource(bytes("from\xe9/")), await openTreeTarget(bytes("to\xfe")));
  await syncTrees(await openTreeSource(bytes("from\xe9/file\xff")), await openTreeTarget(bytes("one\xfd")));
  expect(fs.readFileSync(place("to\xfe/file\xff"), "utf8")).toBe("x");
  expect(fs.readFileSync(place("one\xfd"), "utf8")).toBe("x");

  const share = dirShare(bytes("to\xfe"));
  const { source } = await share.openTree(parseSharePath("/file%FF"), {});
  await syncTrees(source as DirSource, await openTreeTarget(bytes("two\xfd")));
  await share.close();
  expect(fs.readFileSync(place("two\xfd"), "utf8")).toBe("x");
  await expect(openTreeSource(bytes("no\xe9"))).rejects.toMatchObject({ code: "VANISHED" });
  expect(fs.readdirSync(temp.path)).toHaveLength(4);
});
