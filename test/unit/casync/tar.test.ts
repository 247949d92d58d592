import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { tarOfCatar } from "../../../src/casync/catar-to-tar.ts";
import type { CatarNode } from "../../../src/casync/catar-node.ts";
import { readCatar } from "../../../src/casync/catar-reader.ts";
import { CatarWriter } from "../../../src/casync/catar-writer.ts";
import { desyncTreeFeatures } from "../../../src/casync/features.ts";
import { mtreeLines } from "../../../src/casync/mtree.ts";
import { setTarNumber, tarFields, tarNumber } from "../../../src/casync/tar-header.ts";
import { catarOfTar, type TarToCatarOptions } from "../../../src/casync/tar-to-catar.ts";
import type { Bytes } from "../../../src/types.ts";
import { missing, unless } from "../../obstacles.ts";
import { collect, inBlocks } from "./vectors.ts";

const second = 1_000_000_000n;

/** An archive with one of each kind, and names of every sort. */
function sample(): Bytes {
  const writer = new CatarWriter(desyncTreeFeatures);
  const enter = (depth: number, name: string, fields: Partial<CatarNode> = {}, content = ""): Bytes[] => {
    const node: CatarNode = {
      depth,
      name: Buffer.from(name, "latin1"),
      type: "file",
      mode: 0o4755,
      flags: 0n,
      uid: 3_000_000,
      gid: 12,
      mtimeNs: 1_700_000_000n * second,
      size: content.length,
      xattrs: [],
      ...fields,
    };
    return [writer.enter(node), Buffer.from(content)];
  };
  return concatBytes([
    ...enter(0, "", { type: "dir" }),
    ...enter(1, "a b#", {}, "x".repeat(513)),
    ...enter(1, "d".repeat(120), { type: "dir", mtimeNs: -5n * second }),
    ...enter(2, "l", { type: "symlink", mode: 0o777, target: Buffer.from("t".repeat(130)) }),
    ...enter(2, "z", {}, "y".repeat(512)),
    writer.leave(),
    ...enter(1, "null", { type: "char", device: { major: 1, minor: 3 } }),
    ...enter(1, "pipe", { type: "fifo" }),
    ...enter(1, "\xff\xc3\xa4"),
    writer.leave(),
  ]);
}

const tarOf = async (catar: Bytes): Promise<Bytes> =>
  concatBytes(await collect(tarOfCatar(await readCatar(inBlocks(catar, 1000)))));

const catarOf = async (tar: Bytes, options?: TarToCatarOptions): Promise<Bytes> =>
  concatBytes(await collect(catarOfTar(inBlocks(tar, 700), desyncTreeFeatures, options)));

test("an archive is the same when it was a tar archive in between", async () => {
  const tar = await tarOf(sample());
  expect(tar.length % 512).toBe(0);
  expect(Buffer.compare(await catarOf(tar), sample())).toBe(0);
  const wrapped = await readCatar(inBlocks(await catarOf(tar, { addsRoot: true, omitsTimes: true }), 1000));
  const lines = await collect(mtreeLines(wrapped));
  expect(lines[1]).toBe(". type=dir mode=0755 uid=0 gid=0 time=0.000000000");
  expect(lines.length).toBe(9);
});

test("a tree is told as mtree does", async () => {
  const lines = await collect(mtreeLines(await readCatar(inBlocks(sample(), 1000))));
  const owned = "uid=3000000 gid=12";
  expect(lines[0]).toBe("#mtree v1.0");
  expect(lines[2]).toMatch(
    /^a\\040b\\043 type=file mode=4755 uid=3000000 gid=12 size=513 time=1700000000.000000000 sha512256digest=[0-9a-f]{64}$/,
  );
  expect(lines[4]).toBe(
    `${"d".repeat(120)}/l type=link mode=0777 target=${"t".repeat(130)} ${owned} time=1700000000.000000000`,
  );
  expect(lines.at(-1)).toContain(String.raw`\377\303\244 type=file`);
  // The digest of nothing, as desync and casync have it.
  expect(lines.at(-1)).toContain("c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a");
});

unless(missing("tar")).test("tar reads what is written, and what it writes is read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-tar-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "a.tar"), await tarOf(sample()));
  const listed = execFileSync("tar", ["tf", join(folder, "a.tar"), "--quoting-style=literal"]);
  expect(listed.toString("latin1").trim().split("\n")).toEqual([
    "./",
    "a b#",
    `${"d".repeat(120)}/`,
    `${"d".repeat(120)}/l`,
    `${"d".repeat(120)}/z`,
    "null",
    "pipe",
    "\xff\xc3\xa4",
  ]);
  const long = "n".repeat(150);
  writeFileSync(join(folder, long), "content");
  for (const format of ["gnu", "ustar", "pax"]) {
    const names = format === "ustar" ? ["a.tar"] : [long, "a.tar"];
    const tar = execFileSync("tar", [`--format=${format}`, "-cf", "-", "-C", folder, ...names]);
    const lines = await collect(
      mtreeLines(await readCatar(inBlocks(await catarOf(tar, { addsRoot: true }), 999))),
    );
    expect(lines.slice(2).map((line) => line.split(" ")[0])).toEqual(names);
  }
});

test("what is no tar archive, or has no place in one of casync, is refused", async () => {
  const tar = await tarOf(sample());
  const damaged = tar.slice();
  damaged[0]! ^= 1;
  await expect(catarOf(damaged)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  for (const length of [0, 100, 1100, 1600])
    await expect(catarOf(tar.subarray(0, length))).rejects.toMatchObject({ code: "TRUNCATED" });
  const named = async (path: string, letter = "0", size = 0): Promise<Bytes> => {
    const header = new Uint8Array(512);
    header.set(Buffer.from(path));
    header.set(Buffer.from("ustar"), tarFields.magic[0]);
    header.set(Buffer.from(letter), tarFields.type[0]);
    setTarNumber(header, tarFields.size, size);
    const sum = header.reduce((all, byte) => all + byte, 8 * 0x20);
    setTarNumber(header, tarFields.checksum, sum);
    return concatBytes([header, new Uint8Array(1024)]);
  };
  const refused = async (bytes: Bytes, code: string) =>
    expect(catarOf(bytes, { addsRoot: true })).rejects.toMatchObject({ code });
  await refused(await named("a/../b"), "BAD_MESSAGE");
  await refused(await named(".."), "PATH");
  await refused(await named("none/a"), "BAD_MESSAGE");
  await refused(await named("link", "1"), "UNSUPPORTED");
  await refused(await named("name", "L", 2 ** 31), "LIMIT");
  await refused(await named("record", "x", 300), "BAD_MESSAGE");
  const [dir, file] = await Promise.all([named("a/", "5"), named("a/b")]);
  const one = (entry: Bytes) => entry.subarray(0, 512);
  const twice = concatBytes([one(dir), one(file), file]);
  await refused(twice, "BAD_MESSAGE");
  await refused(concatBytes([one(dir), one(await named("c")), dir]), "BAD_MESSAGE");
});

test("numbers that have no octal form are binary", () => {
  const header = new Uint8Array(512);
  for (const value of [0, 1, -1, 8 ** 11 - 1, 8 ** 11, -(2 ** 40), 2 ** 52]) {
    setTarNumber(header, tarFields.size, value);
    expect(tarNumber(header, tarFields.size)).toBe(value);
  }
});
