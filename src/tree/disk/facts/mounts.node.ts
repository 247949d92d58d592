import fs from "node:fs";
import { type ByteString, toByteString } from "../calls/byte-string.node.ts";

/** A place that a file system is mounted at, as mountinfo(5) tells it. */
export interface Mount {
  readonly id: number;
  /** The numbers of the device that the file system is on. */
  readonly device: string;
  /** What of the file system is mounted, as a path within it. */
  readonly root: ByteString;
  /** Where it is mounted. */
  readonly point: ByteString;
  readonly type: string;
  /** What is mounted: a device, say, by its path. */
  readonly source: ByteString;
}

/** All mounts that this process sees; none on systems without mountinfo. */
export function readMounts(): Mount[] {
  try {
    return parseMounts(fs.readFileSync("/proc/self/mountinfo", "latin1"));
  } catch {
    return []; // nothing is known then
  }
}

/** Any number of optional words stand before the lonely `-`, type and source behind it. */
const line = /^(\d+) \d+ (\S+) (\S+) (\S+) .*? - (\S+) (\S+)/;

/** Takes the text of mountinfo apart. */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((each) => {
    const [, id, device = "", root = "", point = "", type = "", source = ""] = line.exec(each) ?? [];
    if (id === undefined) return [];
    const [inside, at, from] = [unescaped(root), unescaped(point), unescaped(source)];
    return { id: Number(id), device, root: inside, point: at, type, source: from };
  });
}

function unescaped(path: string): ByteString {
  return toByteString(
    Buffer.from(
      path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
      "latin1",
    ),
  );
}

/** The paths by which the same place can be reached through other mounts of its file system. */
export function otherPathsTo(path: ByteString, mounts: readonly Mount[]): ByteString[] {
  const around = mounts.filter(({ point }) => below(point, path) !== undefined);
  const own = around.reduce((best: Mount | undefined, each) => {
    return best === undefined || each.point.length >= best.point.length ? each : best;
  }, undefined);
  if (own === undefined) return [];
  const place = joined(own.root, below(own.point, path)!);
  return mounts.flatMap(({ device, root, point, id }) => {
    const rest = device === own.device && id !== own.id ? below(root, place) : undefined;
    return rest === undefined ? [] : [joined(point, rest)];
  });
}

/** What comes behind a directory in a path, a slash first; undefined for a path elsewhere. */
function below(dir: ByteString, path: ByteString): ByteString | undefined {
  const bare = dir === "/" ? "" : dir;
  const isBelow = path === dir || path.startsWith(`${bare}/`);
  return isBelow ? path.slice(bare.length) : undefined;
}

function joined(dir: ByteString, rest: ByteString): ByteString {
  return dir === "/" && rest !== "" ? rest : `${dir}${rest === "/" ? "" : rest}`;
}
