import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";

/** What a version of a set holds. */
export interface Fingerprint {
  readonly entryCount: number;
  readonly contentBytes: number;
  /** Over paths, kinds, sizes, times in seconds, and contents. Of a file as a set: its content. */
  readonly sha256: string;
}

const block = Buffer.alloc(1 << 20);

/** Computes the fingerprint of a file or a tree. */
export function fingerprintOf(path: string): Fingerprint {
  const hash = createHash("sha256");
  const totals = { entryCount: 0, contentBytes: 0 };
  if (fs.lstatSync(path).isDirectory()) takeTree(path, ".", hash, totals);
  else totals.contentBytes = takeContent(path, hash);
  return { ...totals, sha256: hash.digest("hex") };
}

type Totals = { -readonly [Key in "entryCount" | "contentBytes"]: Fingerprint[Key] };

function takeTree(root: string, path: string, hash: Hash, totals: Totals): void {
  const place = join(root, path);
  const facts = fs.lstatSync(place);
  const kind = facts.mode & fs.constants.S_IFMT;
  const size = facts.isFile() ? facts.size : 0;
  totals.entryCount++;
  hash.update(`${path}\0${kind} ${size} ${Math.floor(facts.mtimeMs / 1000)}\0`);
  if (facts.isSymbolicLink()) hash.update(fs.readlinkSync(place));
  else if (facts.isFile()) totals.contentBytes += takeContent(place, hash);
  else for (const name of fs.readdirSync(place).sort()) takeTree(root, join(path, name), hash, totals);
}

function takeContent(path: string, hash: Hash): number {
  const file = fs.openSync(path, "r");
  let sizeBytes = 0;
  for (let count = -1; count !== 0; sizeBytes += count) {
    count = fs.readSync(file, block);
    hash.update(block.subarray(0, count));
  }
  fs.closeSync(file);
  return sizeBytes;
}
