import { existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeScattered, makeSmall, makeVersions } from "../data/made-files.ts";
import type { Flow } from "./flow.ts";

/** Something that flows copy. */
interface Source {
  readonly path: string;
  /** An older version of it. */
  readonly oldPath?: string;
  readonly isTree: boolean;
}

/** What flows copy, by kind. */
export type Sources = Readonly<Record<Exclude<Flow["source"], "nothing">, Source>>;

const sparseBytes = 20e9;
const manyCount = 300_000;
const manyPerFolderCount = 500;

/**
 * Makes what these flows copy.
 *
 * @param data a folder that holds `old/` and `new/` and both as `old.tar` and `new.tar`; else they
 *   are made
 * @param folder where to make what is made
 */
export function prepareSources(chosen: readonly Flow[], folder: string, data: string | undefined): Sources {
  const needed = new Set(chosen.map(({ source }) => source));
  const place = data === undefined ? join(folder, "data") : resolve(data);
  const sources: Sources = {
    tree: { path: join(place, "new"), oldPath: join(place, "old"), isTree: true },
    file: { path: join(place, "new.tar"), oldPath: join(place, "old.tar"), isTree: false },
    sparse: { path: join(folder, "sparse.bin"), isTree: false },
    many: { path: join(folder, "many"), isTree: true },
    small: { path: join(folder, "small", "new"), oldPath: join(folder, "small", "old"), isTree: true },
    scattered: {
      path: join(folder, "scattered", "new"),
      oldPath: join(folder, "scattered", "old"),
      isTree: true,
    },
  };
  if (data === undefined && (needed.has("tree") || needed.has("file"))) makeVersions(place);
  if (needed.has("sparse")) makeSparse(sources.sparse.path);
  if (needed.has("many")) makeMany(sources.many.path);
  if (needed.has("small")) makeSmall(join(folder, "small"));
  if (needed.has("scattered")) makeScattered(join(folder, "scattered"));
  for (const { source } of chosen) {
    if (source === "nothing") continue;
    const { path, oldPath = path } = sources[source];
    for (const wanted of [path, oldPath]) if (!existsSync(wanted)) throw new Error(`${wanted} is missing`);
  }
  return sources;
}

function makeSparse(path: string): void {
  writeFileSync(path, "");
  truncateSync(path, sparseBytes);
}

/** Files of some 40 to 80 bytes, each different. */
function makeMany(folder: string): void {
  for (let n = 0; n < manyCount; n++) {
    const place = join(folder, `folder-${Math.floor(n / manyPerFolderCount)}`);
    if (n % manyPerFolderCount === 0) mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `file-${n}`), `${n} `.repeat(10));
  }
}
