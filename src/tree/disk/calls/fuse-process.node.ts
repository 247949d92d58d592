import fs from "node:fs";
import path from "node:path";
import { type ByteString, nativePath, toByteString } from "./byte-string.node.ts";

/** A file system that a program serves, as mountinfo(5) tells it. */
interface ServedMount {
  /** The numbers of its device. */
  readonly device: string;
  readonly point: ByteString;
  readonly source: ByteString;
}

/** A program that serves a file system, and what it was told. */
export interface FuseProcess {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The program that serves a mount: the one that holds its connection, where the kernel tells that,
 * and otherwise the one whose arguments fit. Undefined when none is found, as in another container,
 * or when it is not certain which one it is.
 *
 * @param programs the names of those that it may be
 */
export function findFuseProcess(mount: ServedMount, programs: ReadonlySet<string>): FuseProcess | undefined {
  const found = processIds().flatMap((id) => processOf(id, programs) ?? []);
  const connection = connectionOf(mount);
  const holders = found.filter(({ id }) => connectionsHeldBy(id).has(connection));
  if (holders.length > 0) return holders[0];
  const fitting = found.filter((each) => connectionsHeldBy(each.id).size === 0 && fits(each, mount));
  return fitting.length === 1 ? fitting[0] : undefined;
}

interface FoundProcess extends FuseProcess {
  readonly id: string;
}

function processIds(): string[] {
  try {
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** A process by its number; undefined for other programs, and for what cannot be looked at. */
function processOf(id: string, programs: ReadonlySet<string>): FoundProcess | undefined {
  try {
    const text = toByteString(fs.readFileSync(`/proc/${id}/cmdline`));
    const [command = "", ...args] = text.split("\0");
    const program = path.posix.basename(command);
    return programs.has(program) ? { id, program, args } : undefined;
  } catch {
    return undefined; // it ended, or is somebody else's
  }
}

/** The number of a connection is that of the device, as the kernel packs it. */
function connectionOf({ device }: ServedMount): string {
  const [major = 0, minor = 0] = device.split(":").map(Number);
  return String(major * 2 ** 20 + minor);
}

function connectionsHeldBy(id: string): ReadonlySet<string> {
  try {
    const texts = fs
      .readdirSync(`/proc/${id}/fdinfo`)
      .map((fd) => fs.readFileSync(`/proc/${id}/fdinfo/${fd}`, "latin1"));
    return new Set(texts.flatMap((text) => /^fuse_connection:\s*(\d+)$/m.exec(text)?.[1] ?? []));
  } catch {
    return new Set();
  }
}

/** True for one that was told where to mount, and was told what it shows or works in that. */
function fits({ id, args }: FoundProcess, { point, source }: ServedMount): boolean {
  const names = new Set(args.map((each) => path.posix.basename(each)));
  if (!names.has(path.posix.basename(point))) return false;
  return names.has(path.posix.basename(source)) || dirOf(id) === source;
}

function dirOf(id: string): ByteString | undefined {
  try {
    return toByteString(fs.readlinkSync(nativePath(`/proc/${id}/cwd`), "buffer"));
  } catch {
    return undefined;
  }
}
