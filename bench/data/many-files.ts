import {
  closeSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { DataSet, MakingPlace } from "./data-set.ts";
import { Dice } from "./dice.ts";
import { writeFiles } from "./made-files.ts";
import { fewVersions, scatteredVersions, tinyFiles, type Versions, versionSeconds } from "./made-tree.ts";

const tinyCounts = { full: 100_000, quick: 1000 } as const;
const scatteredCounts = { full: 10_000, quick: 500 } as const;
const millionCounts = { full: 1_000_000, quick: 10_000 } as const;
const perFolderCount = 100;
const sparseBytes = { full: 20e9, quick: 1e9 } as const;

/** A small tree in which little changes. */
export const few: DataSet = {
  name: "few",
  title: "20 files of which 5 have changed",
  isTree: true,
  make: ({ folder }) => writeVersions(folder, fewVersions()),
};

/** Every file a small one, and another one. */
export const scattered: DataSet = {
  name: "scattered",
  title: "small files, all changed",
  isTree: true,
  make: ({ folder, size }) => writeVersions(folder, scatteredVersions(scatteredCounts[size])),
};

function writeVersions(folder: string, versions: Versions): void {
  for (const name of ["old", "new"] as const) {
    writeFiles(join(folder, name), versions[name], versionSeconds[name]);
  }
}

/** Where what an entry costs outweighs its content. */
export const tiny: DataSet = {
  name: "tiny",
  title: "files of 16 to 80 bytes",
  isTree: true,
  isLone: true,
  make: ({ folder, size }) =>
    writeFiles(join(folder, "new"), tinyFiles(tinyCounts[size]), versionSeconds.new),
};

/** Files without content of their own, which take no room: for what a look at each costs. */
export const million: DataSet = {
  name: "million",
  title: "entries of a tree",
  isTree: true,
  isLone: true,
  make({ folder, size }: MakingPlace) {
    const dice = new Dice(5);
    const root = join(folder, "new");
    const folders = [root];
    mkdirSync(root);
    // A folder counts as an entry, too.
    for (let n = 0; n < millionCounts[size]; n++) {
      if (n % perFolderCount === 0) {
        const top = join(root, `part-${Math.floor(n / perFolderCount / perFolderCount)}`);
        if ((n / perFolderCount) % perFolderCount === 0 && mkdirSync(top) === undefined) folders.push(top);
        const next = join(top, `section-${n / perFolderCount}`);
        mkdirSync(next);
        folders.push(next);
      } else {
        hollow(join(folders.at(-1)!, `file-${n}.dat`), 1 + dice.below(4000), versionSeconds.old + n);
      }
    }
    for (const each of folders) utimesSync(each, versionSeconds.old, versionSeconds.old);
  },
};

function hollow(path: string, sizeBytes: number, seconds: number): void {
  const file = openSync(path, "w");
  ftruncateSync(file, sizeBytes);
  futimesSync(file, seconds, seconds);
  closeSync(file);
}

/** One file that is nearly all hole. */
export const sparse: DataSet = {
  name: "sparse",
  title: "sparse file",
  isTree: false,
  isLone: true,
  make({ folder, size }) {
    writeFileSync(join(folder, "new"), "");
    truncateSync(join(folder, "new"), sparseBytes[size]);
  },
};
