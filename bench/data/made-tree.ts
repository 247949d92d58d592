import { Dice } from "./dice.ts";
import type { MadeFile } from "./made-files.ts";

const meanFileBytes = 13_000;
const perFolderCount = 20;
const seed = 20_240_310;

/** When files of the older version were changed, and those of the newer one. */
export const versionSeconds = { old: 1_700_000_000, new: 1_710_000_000 } as const;

/** Two versions of one tree. */
export type Versions = Readonly<Record<"old" | "new", readonly MadeFile[]>>;

/**
 * Two versions of a tree of text, the same each time. Sizes, and how much is edited, are like those
 * of a source tree a few releases later: one file in sixteen is edited in a few places, one in a
 * hundred is new, gone or renamed, and every time is new.
 */
export function treeVersions(fileCount: number): Versions {
  const dice = new Dice(seed);
  const old = Array.from({ length: fileCount }, (_, n) => fileOf(pathOf(n), makeContent(dice), n));
  return { old, new: old.flatMap((file, n) => change(file, n, dice)).map(asNew) };
}

/** 20 files of some 13 kB, of which 5 change. */
export function fewVersions(): Versions {
  const dice = new Dice(seed);
  const old = Array.from({ length: 20 }, (_, n) => fileOf(`file-${n}`, makeContent(dice), n));
  const next = old.map((file, n) => (n % 4 === 0 ? { ...file, bytes: edit(file.bytes, dice) } : file));
  return { old, new: next.map(asNew) };
}

/** Files of some 200 bytes, all of which change. */
export function scatteredVersions(fileCount: number): Versions {
  const dice = new Dice(seed);
  const make = (): MadeFile[] =>
    Array.from({ length: fileCount }, (_, n) => fileOf(pathOf(n), dice.text(100 + dice.below(200)), n));
  return { old: make(), new: make().map(asNew) };
}

/** Files of 16 to 80 bytes, each different. */
export function tinyFiles(fileCount: number): MadeFile[] {
  const dice = new Dice(seed);
  return Array.from({ length: fileCount }, (_, n) => fileOf(pathOf(n), dice.text(16 + dice.below(65)), n));
}

function fileOf(path: string, bytes: Uint8Array, n: number): MadeFile {
  return { path, bytes, seconds: versionSeconds.old + n };
}

function asNew(file: MadeFile, n: number): MadeFile {
  return { ...file, seconds: versionSeconds.new + n };
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
  if (chance < 12) return [file, { ...file, path: `added/file-${n}.txt`, bytes: makeContent(dice) }];
  if (chance < 37) return [{ ...file, bytes: edit(file.bytes, dice) }];
  return [file];
}

/** Replaces some lines in up to four places. */
function edit(bytes: Uint8Array, dice: Dice): Uint8Array {
  let edited = bytes;
  for (let left = dice.below(4); left >= 0; left--) {
    const at = dice.below(edited.length);
    const fresh = dice.text(1 + dice.below(160));
    edited = Buffer.concat([edited.subarray(0, at), fresh, edited.subarray(at + dice.below(160))]);
  }
  return edited;
}
