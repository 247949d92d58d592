import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshFolder, rsyncStream } from "./run.ts";

/*
 * A source that is not there, or is something else, is found before anything is made for what it
 * would give. `DIR` stands for a folder, in which nothing may be new afterwards.
 */

const lines: readonly string[] = [
  "store sync DIR/absent DIR/new",
  "store sync DIR/absent DIR/new.castr/",
  "store sync DIR/s DIR/new --index DIR/absent.caibx",
  "store sync DIR/s DIR/new --index DIR/file",
  "store sync DIR/s DIR/new --index DIR/a.caibx --index DIR/absent.caibx",
  "store sync ws://127.0.0.1:9/ DIR/new",
  "store recv DIR/new",
  "index make DIR/new.caibx DIR/absent -s DIR/new",
  "index make DIR/new.caibx DIR/tree -s DIR/new",
  "index tar DIR/new.caidx DIR/absent -s DIR/new",
  "index tar DIR/new.caidx DIR/file -s DIR/new",
  "index tar DIR/new.catar DIR/absent",
  "index cache DIR/new DIR/absent.caibx -s DIR/s",
  "index cache DIR/new DIR/a.caibx -s DIR/absent",
  "index extract DIR/absent.caibx DIR/new -s DIR/s --cache DIR/new.castr",
  "index extract DIR/a.caibx DIR/new -s DIR/absent --cache DIR/new.castr",
  "index cat DIR/absent.caibx -s DIR/s --cache DIR/new.castr",
  "index untar DIR/absent.catar DIR/new",
  "index untar DIR/absent.caidx DIR/new -s DIR/s --cache DIR/new.castr",
  "index untar DIR/file DIR/new",
  "index mount DIR/absent.caibx DIR/tree -s DIR/s --cache DIR/new.castr",
  "index tree DIR/absent -o DIR/new.jsonl",
  "index import DIR/absent -o DIR/new.jsonl",
  "bucket sync DIR/absent DIR/new --create --state DIR/new.db",
  "bucket sync DIR/file DIR/new --create --state DIR/new.db",
  "bucket check DIR/absent DIR/tree --state DIR/new.db",
  "bucket push DIR/absent DIR/tree",
  "bucket pull DIR/absent DIR/new",
  "apply DIR/absent DIR/file DIR/new",
  "fetch http://127.0.0.1:9/ DIR/new",
  "sync DIR/absent DIR/new --mkpath",
  "sync DIR/absent.caidx DIR/new --source-store DIR/s",
];

test("nothing is made for what is not there", async () => {
  const folder = freshFolder();
  const at = (name: string): string => join(folder, name);
  mkdirSync(at("tree"));
  writeFileSync(at("file"), "some bytes");
  const made = await rsyncStream(["index", "make", at("a.caibx"), at("file"), "-s", at("s")]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const before = readdirSync(folder, { recursive: true }).sort();
  const ends = lines.map(async (line) => {
    const { code } = await rsyncStream(line.replaceAll("DIR", folder).split(" "));
    return [line, code];
  });
  expect(await Promise.all(ends)).toEqual(lines.map((line) => [line, 1]));
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
});

test("a store is made for a source that is there and holds nothing", async () => {
  const folder = freshFolder();
  const at = (name: string): string => join(folder, name);
  mkdirSync(at("empty"));
  writeFileSync(at("nothing"), "");
  const sync = rsyncStream(["store", "sync", at("empty"), at("new")]);
  const make = rsyncStream(["index", "make", at("new.caibx"), at("nothing"), "-s", at("new2")]);
  expect([(await sync).code, (await make).code]).toEqual([0, 0]);
  expect(readdirSync(folder).sort()).toEqual(["empty", "new", "new.caibx", "new2", "nothing"]);
});
