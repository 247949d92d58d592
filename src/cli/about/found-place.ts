import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { nativePath, placeBytes } from "../../tree/disk/calls/byte-string.node.ts";
import { placeAtPath } from "../../tree/disk/calls/fact-place.node.ts";
import { fileTrouble } from "../../tree/disk/calls/file-trouble.node.ts";
import { findXattrCalls } from "../../tree/disk/facts/xattr-calls.node.ts";
import { namedFileTrouble } from "../options/named-file.ts";
import { formatBytes } from "../report/formatted-bytes.ts";
import type { Finding } from "./finding.ts";

/** One thing that a file system may keep. */
interface Trial {
  readonly name: string;
  /** What comes of it where it does not. */
  readonly lack: string;
  /** Whether it does, tried out with a file and a free name beside it. */
  keeps(file: string, other: string): boolean;
}

const trials: readonly Trial[] = [
  {
    name: "modes",
    lack: "permissions are not kept",
    keeps: (file) =>
      [0o600, 0o640].every((mode) => {
        chmodSync(file, mode);
        return (statSync(file).mode & 0o777) === mode;
      }),
  },
  {
    name: "times",
    lack: "times are kept in coarser units, and compared in those",
    keeps(file) {
      utimesSync(file, 1_000_000_001.125, 1_000_000_001.125);
      return statSync(file).mtimeMs === 1_000_000_001_125;
    },
  },
  {
    name: "symbolic links",
    lack: "links cannot be made",
    keeps: (file, other) => (symlinkSync(file, other), true),
  },
  {
    name: "hard links",
    lack: "--hard-links and --link-dest cannot be carried out",
    keeps: (file, other) => (linkSync(file, other), true),
  },
  {
    name: "reflinks",
    lack: "content that is copied here takes room once more",
    keeps: (file, other) => (copyFileSync(file, other, constants.COPYFILE_FICLONE_FORCE), true),
  },
  {
    name: "holes",
    lack: "zeros take room",
    keeps(file) {
      truncateSync(file, 1 << 20);
      return statSync(file).blocks * 512 < 1 << 20;
    },
  },
  {
    name: "extended attributes",
    lack: "--xattrs and --acls cannot be carried out",
    keeps(file) {
      const calls = findXattrCalls();
      const place = placeAtPath(nativePath(placeBytes(file)));
      calls?.set(place, "user.rsync-stream", Buffer.from("1"));
      return calls !== undefined;
    },
  },
  {
    name: "case of letters",
    lack: "names that differ in case only are one file",
    keeps: (file) => !existsSync(file.toUpperCase()),
  },
];

/** Tries out what a directory keeps of files, in a temporary directory in it. */
export function findPlace(dir: string): readonly Finding[] {
  let room: string;
  try {
    room = mkdtempSync(join(resolve(dir), ".rsync-stream-doctor-"));
  } catch (thrown) {
    const error = statsAt(dir) ? fileTrouble(thrown, dir) : namedFileTrouble(thrown, dir);
    return [{ name: "directory", state: "wrong", detail: error.message, error }];
  }
  try {
    const { bavail, bsize } = statfsSync(room);
    const found = trials.map((trial, at) => tryOut(trial, join(room, `file-${at}`)));
    return [
      { name: "directory", state: "ok", detail: `${dir}, ${formatBytes(bavail * bsize)} free` },
      ...found,
    ];
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

function tryOut({ name, lack, keeps }: Trial, file: string): Finding {
  try {
    writeFileSync(file, "content");
    if (keeps(file, `${file}-other`)) return { name, state: "ok", detail: "kept" };
  } catch {
    // What the system refuses is not kept.
  }
  return { name, state: "missing", detail: lack };
}
