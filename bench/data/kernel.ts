import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DataSet, MakingPlace } from "./data-set.ts";
import { writeFiles } from "./made-files.ts";
import { treeVersions, type Versions, versionSeconds } from "./made-tree.ts";
import { runShell } from "./shell.ts";
import { writeTar } from "./tar-file.ts";

/** Two versions of Debian's `linux-source-6.1`. */
const packageVersions = { old: "6.1.176-1", new: "6.1.192-2" } as const;
const versions = ["old", "new"] as const;
/** How many files stand for it in the quick size. */
const quickFileCount = 1000;

let madeVersions: Versions | undefined;

function quickVersions(): Versions {
  return (madeVersions ??= treeVersions(quickFileCount));
}

/** The source of Linux as Debian packs it: all times differ between the versions. */
export const kernelTar: DataSet = {
  name: "kernel-tar",
  title: "a source tree as one tar file, every header different",
  isTree: false,
  needs: { full: ["apt-get", "dpkg-deb", "tar", "xz"] },
  make({ folder, size }) {
    for (const version of versions) {
      if (size === "full") download(folder, version);
      else writeTar(join(folder, version), quickVersions()[version]);
    }
  },
};

function download(folder: string, version: "old" | "new"): void {
  const scratch = join(folder, "download");
  mkdirSync(scratch);
  runShell(scratch, 'apt-get download "linux-source-6.1=$1"', packageVersions[version]);
  const [deb = ""] = readdirSync(scratch);
  const member = "./usr/src/linux-source-6.1.tar.xz";
  runShell(
    folder,
    'dpkg-deb --fsys-tarfile "$1" | tar xO "$2" | xz -d > "$3"',
    join(scratch, deb),
    member,
    version,
  );
  rmSync(scratch, { recursive: true });
}

/** The same as files of a tree. */
export const kernel: DataSet = {
  name: "kernel",
  title: "a source tree, every time different",
  isTree: true,
  from: [kernelTar],
  needs: kernelTar.needs!,
  make({ folder, beside, size }) {
    for (const version of versions) {
      const tree = join(folder, version);
      if (size === "full") unpack(join(beside, "kernel-tar", version), tree);
      else writeFiles(tree, quickVersions()[version], versionSeconds[version]);
    }
  },
};

/** Its root gets the time of what is in it, as the package's root has none. */
function unpack(tar: string, tree: string): void {
  mkdirSync(tree);
  runShell(tree, 'tar xf "$1" --delay-directory-restore && touch -r "$(ls -A | head -n 1)" .', tar);
}

/** The trees as tar files that tell names, modes and contents only. */
export const kernelPlainTar: DataSet = {
  name: "kernel-plain-tar",
  title: "a source tree as one tar file, headers normalised",
  isTree: false,
  from: [kernel],
  needs: kernelTar.needs!,
  make({ folder, beside, size }: MakingPlace) {
    for (const version of versions) {
      const tar = join(folder, version);
      if (size === "full") packPlain(join(beside, "kernel", version), tar);
      else
        writeTar(
          tar,
          quickVersions()[version].map((file) => ({ ...file, seconds: 0 })),
        );
    }
  },
};

function packPlain(tree: string, tar: string): void {
  const facts = "--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner";
  runShell(tree, `tar cf "$1" --format=gnu ${facts} .`, tar);
}
