import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Size } from "./data-set.ts";
import { type Fingerprint, fingerprintOf } from "./fingerprint.ts";

/** What the versions of sets must be. */
export interface Manifest {
  /** @throws Error when the file or tree at this path is not the version that its name says */
  meet(size: Size, path: string): void;
}

/** The manifest in a checkout. */
export function manifestIn(root: string): Manifest {
  const listed = read(root);
  return {
    meet(size, path) {
      const { sha256 } = fingerprintOf(path);
      if (sha256 !== listed[keyOf(size, path)]?.sha256)
        throw new Error(`${path} is not what bench/data/manifest.json names: its SHA-256 is ${sha256}`);
    },
  };
}

/** Writes what it meets into the manifest of a checkout. */
export function recordingManifest(root: string): Manifest {
  return {
    meet(size, path) {
      const all = { ...read(root), [keyOf(size, path)]: fingerprintOf(path) };
      const inOrder = Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1));
      writeFileSync(pathIn(root), `${JSON.stringify(Object.fromEntries(inOrder), undefined, 2)}\n`);
    },
  };
}

function read(root: string): Record<string, Fingerprint> {
  return JSON.parse(readFileSync(pathIn(root), "utf8")) as Record<string, Fingerprint>;
}

function pathIn(root: string): string {
  return join(root, "bench", "data", "manifest.json");
}

function keyOf(size: Size, path: string): string {
  return `${size}/${basename(dirname(path))}/${basename(path)}`;
}
