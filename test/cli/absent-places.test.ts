import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshFolder, rsyncStream } from "./run.ts";

/*
 * What the commands of indexes and stores say of a place at which nothing is, or something else:
 * the path once, what is wrong with it in words, and the code.
 */

const nothing = "no such file or directory (NOT_FOUND)";
const noStore = "there is no store of chunks (NOT_FOUND)";
const fileAsStore = "a store of chunks has to be a directory (USAGE)";
const partIsFile = "a part of this path is a file and no directory";
const inTheWay = "this is in the place of a directory: move it away, or name another place (PATH)";

/** `@` stands for the place, and `DIR` for the folder that all of it is in. */
const rows: readonly (readonly [line: string, place: string, says: string])[] = [
  ["index extract DIR/a.caibx DIR/out -s DIR/s --seed @", "absent", `--seed: ${nothing}`],
  ["index extract DIR/a.caibx DIR/out -s DIR/s --seed @", "absent.caibx", `--seed: ${nothing}`],
  ["index extract DIR/a.caibx DIR/out -s DIR/s --seed DIR/a.caibx:@", "absent", `--seed: ${nothing}`],
  ["index extract DIR/a.caibx DIR/out -s DIR/s --seed @", "s", "--seed: this is a directory (IO)"],
  ["index extract DIR/a.caibx @ -s DIR/s", "file/out", "the directory around it does not exist (NOT_FOUND)"],
  ["index extract DIR/a.caibx DIR/out -s DIR/s --cache @", "file", fileAsStore],
  ["index extract DIR/a.caibx DIR/out -s @", "file/s", noStore],
  ["index list @", "file/a.caibx", nothing],
  ["index list @", "file", "after 10 bytes this is not yet an index of casync (TRUNCATED)"],
  ["index list @", "tree.tar", "this is not an index of casync (BAD_MESSAGE)"],
  ["index verify @ DIR/file", "empty", "this is empty, not an index of casync (TRUNCATED)"],
  ["index verify DIR/a.caibx @", "file/blob", nothing],
  ["index tar DIR/new.catar @", "absent", nothing],
  ["index tar DIR/new.catar @", "file", "there is no directory to pack (PATH)"],
  ["index untar @ DIR/new", "file", "after 10 bytes this is not yet an archive of casync (TRUNCATED)"],
  ["index untar @ DIR/new", "tree.tar", "this is not an archive of casync (BAD_MESSAGE)"],
  ["index mount @ DIR/tree -s DIR/s", "empty", "this is empty, not an index of casync (TRUNCATED)"],
  ["index untar DIR/t.catar @", "file", inTheWay],
  ["store sync DIR/s @", "file", fileAsStore],
  ["store sync @ DIR/new.castr", "absent", noStore],
  ["doctor --dir @", "file", `${partIsFile} (PATH)`],
  ["index tree @ -o DIR/new.jsonl", "file/tree", `${partIsFile} (IO)`],
  ["index import @ -o DIR/new.jsonl", "file/list", `${partIsFile} (IO)`],
  ["index mount DIR/a.caibx DIR/tree -s DIR/s --cor-file @", "file/copy", `${partIsFile} (IO)`],
  ["sync DIR/tree DIR/new --log-file @", "file/log", `the log cannot be written: ${partIsFile} (IO)`],
  ["check DIR/tree @", "file/", `${partIsFile} (PATH)`],
];

/** Lines that make a directory at the place, or around it, where there is a file. */
const making: readonly string[] = [
  "jobs @ --place x=DIR",
  "serve DIR/tree --jobs @",
  "relay http://localhost:1/ --store @",
  "index make DIR/new.caibx DIR/file -s @",
  "index make DIR/new.caibx DIR/file -s @.castr/",
  "index untar DIR/t.catar @",
  "sync DIR/tree @/new",
  "sync DIR/tree @/new --mkpath",
  "sync -n DIR/tree @/new",
  "sync -n DIR/tree @/new --mkpath",
  "store sync DIR/s @",
  "sync DIR/tree DIR/new --store @",
  "bucket sync DIR/tree DIR/new-bucket --create --state @/state",
  "bucket sync DIR/tree @ --create",
  "tar-like receive DIR/tree --state @/state",
];

/** A folder with an index and its store, an archive, a tree and a file. */
async function madeFolder(): Promise<string> {
  const folder = freshFolder();
  const at = (name: string) => join(folder, name);
  mkdirSync(at("tree"));
  writeFileSync(at("file"), "some bytes");
  writeFileSync(at("empty"), "");
  writeFileSync(at("tree.tar"), "a name".padEnd(512, "\0"));
  const made = [
    ["index", "make", at("a.caibx"), at("file"), "-s", at("s")],
    ["index", "tar", at("t.catar"), at("tree")],
  ];
  for (const line of made) expect(await rsyncStream(line)).toMatchObject({ code: 0, stderr: "" });
  return folder;
}

test("each place that is not what it has to be is told, with what is wrong", async () => {
  const folder = await madeFolder();
  const at = (name: string) => join(folder, name);
  const told = rows.map(async ([line, place]) => {
    const { stderr } = await rsyncStream(line.replaceAll("DIR", folder).replace("@", at(place)).split(" "));
    return [line, place, stderr.split("\n")[0]];
  });
  const expected = rows.map(([line, place, says]) => [line, place, `rsync-stream: ${at(place)}: ${says}`]);
  expect(await Promise.all(told)).toEqual(expected);
  expect(existsSync(at("new.castr"))).toBe(false); // it would be a store of nothing
});

test("a file that is in the place of a directory is told, by its path", async () => {
  const folder = await madeFolder();
  const file = join(folder, "file");
  const told = making.map(async (line) => {
    const words = line.replaceAll("DIR", folder).replace("@", `${file}/below`).split(" ");
    const { stderr } = await rsyncStream(words);
    return [line, stderr.split("\n").find((text) => text.startsWith(`rsync-stream: ${file}`))];
  });
  const says = `rsync-stream: ${file}: ${inTheWay}`;
  expect(await Promise.all(told)).toEqual(making.map((line) => [line, says]));
});

test("a file that is in the place of the directory for backups is told, and nothing is lost", async () => {
  const folder = await madeFolder();
  const at = (name: string) => join(folder, name);
  mkdirSync(at("new"));
  writeFileSync(at("tree/a"), "new content");
  writeFileSync(at("new/a"), "old");
  const options = ["--backup", "--backup-dir", at("file/below")];
  const { code, stderr } = await rsyncStream(["sync", `${at("tree")}/`, at("new"), ...options]);
  expect([code, stderr.split("\n")[0]]).toEqual([3, `rsync-stream: ${at("file")}: ${inTheWay}`]);
  expect(readFileSync(at("new/a"), "utf8")).toBe("old");
});
