import fs from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Pause } from "../../../../src/bytes/pause.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { DiskOldVersions, type OldFile } from "../../../../src/tree/disk/target/old-versions.node.ts";
import type { Scan, ScanEnd, ScanVisitor } from "../../../../src/tree/scan.ts";
import { tempDir } from "./disk-tree.ts";

afterEach(() => vi.restoreAllMocks());

/** Each scans the files of a directory, and says how that ended; `begin` is called before. */
const scans: readonly [string, (root: string, begin: () => void) => Promise<ScanEnd[]>][] = [
  ["a source", scanSource],
  ["old versions", scanOld],
];

async function scanSource(root: string, begin: () => void): Promise<ScanEnd[]> {
  const source = await openTreeSource(`${root}/`);
  const files = [];
  for await (const batch of source.entries({ onTrouble: () => {} }))
    files.push(...batch.filter(({ entry }) => entry.kind === "file").map(({ file }) => file));
  begin();
  const ends = await scanAll(files, source.scan!);
  await source.close();
  return ends;
}

async function scanOld(root: string, begin: () => void): Promise<ScanEnd[]> {
  const paths = fs.readdirSync(root).map((name) => `${root}/${name}`);
  const file = (entry: number): OldFile => {
    const path = paths[entry]!;
    return { oldBytes: fs.statSync(path).size, openOld: () => fs.openSync(path, "r") } as OldFile;
  };
  const old = new DiskOldVersions({ file, attempt: (_, work) => work(), pause: () => new Pause() });
  begin();
  return scanAll([...paths.keys()], (...args) => old.scan(...args));
}

async function scanAll<File>(files: readonly File[], scan: Scan<File>): Promise<ScanEnd[]> {
  const ends: ScanEnd[] = [];
  const visitor: ScanVisitor<File> = {
    block: (_, length) => length,
    end: (_, how) => ends.push(how) < 0,
  };
  for await (const _ of scan(files, new Uint8Array(1000), visitor, {})) void _;
  return ends;
}

/** Lets the first calls fail with what a medium says. */
function failOnce(call: "closeSync" | "readSync", code: string): void {
  const real = fs[call] as (...args: unknown[]) => unknown;
  vi.spyOn(fs, call).mockImplementationOnce((...args: unknown[]): never => {
    if (call === "closeSync") real(...args);
    throw Object.assign(new Error(`${code}: injected`), { code, syscall: call });
  });
}

describe.each(scans)("a scan of %s", (_, scan) => {
  test.each<[string, readonly ["closeSync" | "readSync", string][], string]>([
    [
      "that cannot be read, nor closed, tells the first",
      [
        ["readSync", "EBADMSG"],
        ["closeSync", "EIO"],
      ],
      "EBADMSG",
    ],
    ["that cannot be closed tells it", [["closeSync", "EIO"]], "EIO"],
  ])("%s, and goes on", async (_case, faults, told) => {
    using temp = tempDir();
    for (const name of ["1", "2"]) fs.writeFileSync(`${temp.path}/${name}`, Buffer.alloc(2500, name));
    const [first, second] = await scan(temp.path, () => {
      for (const [call, code] of faults) failOnce(call, code);
    });
    expect(String(first)).toContain(told);
    expect(second).toBe("complete");
  });
});
