import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeTar } from "./tar-file.ts";
import { Dice } from "./dice.ts";

/** One file of a made tree. */
export interface MadeFile {
  readonly path: string;
  readonly bytes: Buffer;
}

const fileCount = 5000;
const meanFileBytes = 13_000;
const perFolderCount = 20;
const oldSeconds = 1_700_000_000;
const newSeconds = 1_710_000_000;

/**
 * Makes two versions of a tree of 5,000 files and 64 MB: `old/` and `new/`, and both as `old.tar`
 * and `new.tar`. The same each time. Sizes, and how much is edited, are like those of a source tree
 * a few releases later: one file in sixteen is edited in a few places, one in a hundred is new,
 * gone or renamed, and every time is new.
 */
export function makeVersions(folder: string): void {
  const dice = new Dice(20_240_310);
  const old = Array.from({ length: fileCount }, (_, n): MadeFile => ({
    path: pathOf(n),
    bytes: makeContent(dice),
  }));
  const next = old.flatMap((file, n) => change(file, n, dice));
  writeVersion(join(folder, "old"), old, oldSeconds);
  writeVersion(join(folder, "new"), next, newSeconds);
}

/** Makes 20 files of some 13 kB, and an older version in which 5 are different. */
export function makeSmall(folder: string): void {
  const dice = new Dice(20_240_310);
  const old = Array.from({ length: 20 }, (_, n) => ({ path: `file-${n}`, bytes: makeContent(dice) }));
  const next = old.map((file, n) => (n % 4 === 0 ? { ...file, bytes: edit(file.bytes, dice) } : file));
  writeFiles(join(folder, "old"), old, oldSeconds);
  writeFiles(join(folder, "new"), next, newSeconds);
}

/** Makes 10,000 files of some 200 bytes, and an older version in which all are different. */
export function makeScattered(folder: string): void {
  const dice = new Dice(20_240_310);
  const make = (): MadeFile[] =>
    Array.from({ length: 10_000 }, (_, n) => ({ path: pathOf(n), bytes: dice.text(100 + dice.below(200)) }));
  writeFiles(join(folder, "old"), make(), oldSeconds);
  writeFiles(join(folder, "new"), make(), newSeconds);
}

function pathOf(n: number): string {
  const folder = Math.floor(n / perFolderCount);
  return `part-${folder % 16}/section-${folder}/file-${n}.txt`;
}

/** Text, or for one file in fifty bytes that do not compress. */
function makeContent(dice: Dice): Buffer {
  const sizeBytes = Math.ceil(-Math.log(1 - dice.next()) * meanFileBytes);
  return dice.below(50) === 0 ? dice.noise(sizeBytes) : dice.text(sizeBytes);
}

function change(file: MadeFile, n: number, dice: Dice): MadeFile[] {
  const chance = dice.below(400);
  if (chance < 4) return [];
  if (chance < 8) return [{ ...file, path: `moved/file-${n}.txt` }];
  if (chance < 12) return [file, { path: `added/file-${n}.txt`, bytes: makeContent(dice) }];
  if (chance < 37) return [{ ...file, bytes: edit(file.bytes, dice) }];
  return [file];
}

/** Replaces some lines in up to four places. */
function edit(bytes: Buffer, dice: Dice): Buffer {
  let edited = bytes;
  for (let left = dice.below(4); left >= 0; left--) {
    const at = dice.below(edited.length);
    const fresh = dice.text(1 + dice.below(160));
    edited = Buffer.concat([edited.subarray(0, at), fresh, edited.subarray(at + dice.below(160))]);
  }
  return edited;
}

function writeVersion(folder: string, files: readonly MadeFile[], seconds: number): void {
  writeFiles(folder, files, seconds);
  writeTar(`${folder}.tar`, files, seconds);
}

function writeFiles(folder: string, files: readonly MadeFile[], seconds: number): void {
  for (const [n, { path, bytes }] of files.entries()) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
    utimesSync(place, seconds + n, seconds + n);
  }
}
