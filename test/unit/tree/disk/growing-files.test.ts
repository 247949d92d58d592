import fs from "node:fs";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import type { SyncError } from "../../../../src/errors.ts";
import { compareWithListed, type SourceFile } from "../../../../src/tree/disk/source/source-file.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { ScanEnd } from "../../../../src/tree/scan.ts";
import { noise, tempDir } from "./disk-tree.ts";

function freshPlace(): string {
  const temp = tempDir();
  onTestFinished(() => temp[Symbol.dispose]());
  return `${temp.path}/log`;
}

async function listFile(place: string, listed: Buffer) {
  fs.writeFileSync(place, listed);
  fs.utimesSync(place, 1000, 1000);
  const source = await openTreeSource(`${dirname(place)}/`);
  const files = [];
  for await (const batch of source.entries({}))
    files.push(...batch.filter(({ entry: { kind } }) => kind === "file").map(({ file }) => file));
  return { source, files };
}

/** How the reading of a file ends that is changed when its first block was read. */
async function scanFile(listed: Buffer, between: (place: string) => void) {
  const place = freshPlace();
  const { source, files } = await listFile(place, listed);
  let isRead = false;
  const ends: string[] = [];
  const visitor = {
    block(_: unknown, length: number) {
      if (!isRead) between(place);
      isRead = true;
      return length;
    },
    end(_: unknown, how: ScanEnd) {
      ends.push(typeof how === "string" ? how : how.code);
      return false;
    },
  };
  for await (const _ of source.scan!(files, new Uint8Array(65_536), visitor, {}));
  await source.close();
  return ends;
}

/**
 * What a file is sent as that is changed after it was listed, and once more when its first runs are
 * there.
 */
async function sendFile(
  listed: Buffer,
  { first = () => {}, between = () => {} }: Partial<Record<"first" | "between", (place: string) => void>>,
) {
  const place = freshPlace();
  const { source, files } = await listFile(place, listed);
  first(place);
  const read = vi.spyOn(fs, "readSync");
  const runs = [];
  for await (const step of source.cut(files, fastcdcSpec(), {})) {
    if (runs.length === 0) between(place);
    runs.push(...step);
  }
  const readBytes = read.mock.results.reduce((sum, { value }) => sum + (value as number), 0);
  read.mockRestore();
  await source.close();
  const { end } = runs.at(-1)!;
  return {
    end: end === undefined || end === "complete" ? end : end.code,
    bytes: Buffer.concat(runs.map(({ bytes }) => bytes)),
    readBytes,
  };
}

const append = (place: string): void => fs.appendFileSync(place, noise(100_000, 9));

/** Writes over the first bytes, and nothing else. */
const rewrite = (place: string): void => {
  const fd = fs.openSync(place, "r+");
  fs.writeSync(fd, "another", 0);
  fs.closeSync(fd);
};

describe.each([
  ["nothing", 0],
  ["one block", 5000],
  ["many blocks", 5_000_000],
])("a file of %s", (_, size) => {
  const listed = noise(size, 1);

  test("that grew after it was listed arrives as it was then", async () => {
    const { bytes, end } = await sendFile(listed, { first: append });
    expect(end).toBe("complete");
    expect(bytes.equals(listed)).toBe(true);
  });

  test("that became shorter, or was written anew and is as long, does not", async () => {
    const shorten = (place: string): void => fs.truncateSync(place, size - 1);
    const anew = (place: string): void => {
      rewrite(place);
      fs.utimesSync(place, 1, 1);
    };
    if (size === 0) return;
    expect((await sendFile(listed, { first: shorten })).end).toBe("CHANGED");
    expect((await sendFile(listed, { first: anew })).end).toBe("CHANGED");
  });

  test("whose place another took that is as long and as old, does not arrive", async () => {
    const replace = (place: string): void => {
      fs.writeFileSync(`${place}.new`, noise(size, 3));
      fs.utimesSync(`${place}.new`, 1000, 1000);
      fs.renameSync(`${place}.new`, place);
    };
    expect((await sendFile(listed, { first: replace })).end).toBe("CHANGED");
  });
});

test("an open file is what was listed only when it is as long, as old, and that file or changed when that was", async () => {
  const place = freshPlace();
  const { source, files } = await listFile(place, noise(5000, 1));
  const [listed] = files as SourceFile[];
  const fd = fs.openSync(place, "r");
  const other = { inode: listed!.inode + 1 };
  const compare = (file: Partial<SourceFile>): string => {
    try {
      return compareWithListed(fd, { ...listed!, ...file });
    } catch (thrown) {
      return (thrown as SyncError).code;
    }
  };
  expect(compare({})).toBe("same");
  expect(compare(other)).toBe("same"); // as on a network file system
  expect(compare({ size: 4999 })).toBe("grown");
  const { ctimeNsec, ctimeSec, mtimeNsec, mtimeSec } = listed!;
  const others: Partial<SourceFile>[] = [
    { size: 5001 },
    { size: 4999, ...other },
    { mtimeSec: mtimeSec - 1 },
    { mtimeNsec: mtimeNsec + 1 },
    { ctimeSec: ctimeSec - 1, ...other },
    { ctimeNsec: (ctimeNsec + 1) % 1e9, ...other },
  ];
  expect(others.map(compare)).toEqual(others.map(() => "CHANGED"));
  fs.closeSync(fd);
  await source.close();
});

describe("while a file of many blocks is read", () => {
  const listed = noise(5_000_000, 2);

  test("it may grow", async () => {
    const { bytes, end } = await sendFile(listed, { between: append });
    expect(end).toBe("complete");
    expect(bytes.equals(listed)).toBe(true);
  });

  test("it may not grow and be written over where it was read", async () => {
    const both = (place: string): void => {
      append(place);
      rewrite(place);
    };
    expect((await sendFile(listed, { between: both })).end).toBe("CHANGED");
    expect((await sendFile(listed, { first: append, between: rewrite })).end).toBe("CHANGED");
  });

  test("it may not be emptied and filled again", async () => {
    const refill = (place: string): void => fs.writeFileSync(place, noise(6_000_000, 3));
    expect((await sendFile(listed, { between: refill })).end).toBe("CHANGED");
  });
});

test("a file that is read for its digest may grow meanwhile, and nothing else", async () => {
  const listed = noise(200_000, 5);
  const scan = (between: (place: string) => void) => scanFile(listed, between);
  expect(await scan(() => {})).toEqual(["complete"]);
  expect(await scan(append)).toEqual(["grown"]);
  expect(await scan((place) => fs.truncateSync(place, 70_000))).toEqual(["CHANGED"]);
  for (const time of [1, 1000.5])
    expect(await scan((place) => fs.utimesSync(place, time, time))).toEqual(["CHANGED"]);
});

test("only a file that grew is read twice", async () => {
  const listed = noise(3_000_000, 4);
  const once = (await sendFile(listed, {})).readBytes;
  expect((await sendFile(listed, { between: append })).readBytes).toBe(2 * once);
});
