import type { BigIntStats } from "node:fs";
import type { ObjectFacts, ObjectMetadata } from "./object-bucket.ts";

/** The names under which rclone and s3fs keep times and modes of files. */
const timeName = "mtime";
const modeName = "mode";
const permissions = 0o777;
const nanosecondsPerSecond = 1_000_000_000n;
const regularFile = 0o100000;
/** A day longer ago, or farther off, is none: what systems and JavaScript know ends there. */
const mostSeconds = 8_640_000_000_000;

/** What is known of a file by its facts alone. */
export function factsOfFile({ size, mtimeMs, mtimeNs, ctimeNs, ino }: BigIntStats) {
  return {
    sizeBytes: Number(size),
    writtenMs: Number(mtimeMs),
    mark: `@${mtimeNs}.${ctimeNs}.${ino}`,
  };
}

/** The same as of any object. */
export function objectOfFile(stats: BigIntStats): ObjectFacts {
  return { ...factsOfFile(stats), checksums: {}, metadata: metadataOfFile(stats) };
}

/** Time and mode as user metadata. */
function metadataOfFile({ mtimeNs, mode }: BigIntStats): ObjectMetadata {
  const [sign, distance] = mtimeNs < 0n ? ["-", -mtimeNs] : ["", mtimeNs];
  const seconds = `${distance / nanosecondsPerSecond}`;
  const fraction = `${distance % nanosecondsPerSecond}`.padStart(9, "0");
  const user = {
    [timeName]: `${sign}${seconds}.${fraction}`,
    [modeName]: `${Number(mode) & (regularFile | permissions)}`,
  };
  return { headers: {}, user };
}

/** What a file is to get of an object's metadata. */
export interface FileFacts {
  /** Seconds since 1970. */
  readonly timeSeconds?: number;
  readonly mode?: number;
}

/** A time as entries of trees have it. */
export interface FileTime {
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
}

/** The same time to the nanosecond, or that at which the object was written, where that is told. */
export function fileTimeOf({ metadata, writtenMs }: Pick<ObjectFacts, "metadata" | "writtenMs">): FileTime {
  const [, sign, digits, fraction = ""] =
    /^(-?)(\d{1,13})(?:\.(\d+))?$/.exec(metadata.user[timeName] ?? "") ?? [];
  const isKnown = digits !== undefined && Number(digits) <= mostSeconds;
  const ms = Number.isNaN(writtenMs) ? 0 : Math.floor(writtenMs);
  const [seconds, restNs] = isKnown
    ? [Number(digits), Number(fraction.slice(0, 9).padEnd(9, "0"))]
    : [Math.floor(ms / 1000), (((ms % 1000) + 1000) % 1000) * 1_000_000];
  if (sign !== "-" || !isKnown) return { mtimeSec: seconds, mtimeNsec: restNs };
  return restNs === 0
    ? { mtimeSec: -seconds, mtimeNsec: 0 }
    : { mtimeSec: -seconds - 1, mtimeNsec: 1_000_000_000 - restNs };
}

/** The time and the mode that metadata has, as rclone, s3fs and we write them. */
export function fileFactsIn({ user }: ObjectMetadata): FileFacts {
  const time = Number(user[timeName] || "none");
  const mode = Number(user[modeName] || "none");
  return {
    ...(Math.abs(time) <= mostSeconds && { timeSeconds: time }),
    ...(Number.isSafeInteger(mode) && { mode: mode & permissions }),
  };
}
