import { createCipheriv } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type DataSet, type MakingPlace, type Size } from "./data-set.ts";
import { Dice } from "./dice.ts";

/** One edit: what stands there, how much of it goes, how much that is new comes. */
interface Edit {
  readonly at: number;
  readonly goneBytes: number;
  readonly freshBytes: number;
}

const fileBytes: Readonly<Record<Size, number>> = { full: 1 << 30, quick: 16 << 20 };
const blockBytes = 1 << 20;

/** The keystream of AES-256-CTR under a key of one byte over and over: it does not compress. */
class Noise {
  readonly #cipher;

  constructor(key: number) {
    this.#cipher = createCipheriv("aes-256-ctr", Buffer.alloc(32, key), Buffer.alloc(16));
  }

  next(sizeBytes: number): Buffer {
    return this.#cipher.update(Buffer.alloc(sizeBytes));
  }
}

/** Writes the old version with edits, which are in order and do not overlap. */
function writeEdited(path: string, sizeBytes: number, edits: readonly Edit[]): void {
  const old = new Noise(0);
  const fresh = new Noise(0x11);
  const file = openSync(path, "w");
  let at = 0;
  const keepTo = (end: number): void => {
    for (; at < end; at += Math.min(blockBytes, end - at)) {
      writeSync(file, old.next(Math.min(blockBytes, end - at)));
    }
  };
  for (const edit of edits) {
    keepTo(edit.at);
    at += old.next(edit.goneBytes).length;
    if (edit.freshBytes > 0) writeSync(file, fresh.next(edit.freshBytes));
  }
  keepTo(sizeBytes);
  closeSync(file);
}

/** Places for edits in order, at least so far apart. */
function placesOf(seed: number, count: number, sizeBytes: number, apartBytes: number): number[] {
  const dice = new Dice(seed);
  const room = sizeBytes - count * apartBytes;
  const places = Array.from({ length: count }, () => dice.below(room));
  return places.sort((a, b) => a - b).map((place, n) => place + n * apartBytes);
}

/** How many edits a version of this size has, of those that one of 1 GiB has. */
function share(count: number, size: Size): number {
  return Math.ceil((count * fileBytes[size]) / fileBytes.full);
}

function writeNew({ folder, size }: MakingPlace, edits: readonly Edit[]): void {
  writeEdited(join(folder, "new"), fileBytes[size], edits);
}

/** Writes the new version with so many runs of bytes rewritten, in a file of 1 GiB. */
function writeRewritten(place: MakingPlace, seed: number, count: number, bytes: number): void {
  const { size } = place;
  const places = placesOf(seed, share(count, size), fileBytes[size], bytes);
  writeNew(
    place,
    places.map((at) => ({ at, goneBytes: bytes, freshBytes: bytes })),
  );
}

/** 1 % in 1,024 runs. */
export const runs: DataSet = {
  name: "runs",
  title: "random bytes, 1 % new in runs of 10 kB",
  isTree: false,
  make(place) {
    const { folder, size } = place;
    writeEdited(join(folder, "old"), fileBytes[size], []);
    writeRewritten(place, 1, 1024, 10_485);
  },
};

/** 1 % in 100,000 places. */
export const scatteredEdits: DataSet = {
  name: "scattered-edits",
  title: "random bytes, 1 % new in runs of 107 bytes",
  isTree: false,
  from: [runs],
  oldOf: runs,
  make(place) {
    writeRewritten(place, 2, 100_000, 107);
  },
};

/** 1,000 insertions and 1,000 deletions, in turn. */
export const shifts: DataSet = {
  name: "shifts",
  title: "random bytes, 100 bytes inserted or deleted in many places",
  isTree: false,
  from: [runs],
  oldOf: runs,
  make(place) {
    const bytes = 100;
    const places = placesOf(3, share(2000, place.size), fileBytes[place.size], bytes);
    writeNew(
      place,
      places.map((at, n) =>
        n % 2 === 0 ? { at, goneBytes: bytes, freshBytes: 0 } : { at, goneBytes: 0, freshBytes: bytes },
      ),
    );
  },
};
