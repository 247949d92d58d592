import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { errnoOf } from "../bytes/errno.node.ts";
import { SyncError } from "../errors.ts";
import { passedDescriptor } from "./passed-descriptor.node.ts";

export interface MountOptions {
  /** What `mount` and `df` show in the place of a device. */
  readonly name?: string;
  /** More options of mount(8), such as `allow_other`. */
  readonly options?: readonly string[];
}

/** A mounted file system, to be served by its descriptor. */
export interface Mounted {
  /** A descriptor of `/dev/fuse`: whoever serves it closes it. */
  readonly fd: number;
  /** Takes it away, even from those who use it: their calls fail then. May be called twice. */
  unmount(): Promise<void>;
}

/** Nothing can be written, and devices and set-uid programs of an archive have no power. */
const usualOptions = ["ro", "nosuid", "nodev", "default_permissions"];

const devicePath = "/dev/fuse";

/**
 * Mounts a file system of FUSE on a directory: by mount(8) as root, otherwise by `fusermount3`.
 *
 * @throws NOT_FOUND, UNSUPPORTED where there is no FUSE, IO with what the program says
 */
export async function mountFuse(place: string, options: MountOptions = {}): Promise<Mounted> {
  if (process.platform !== "linux")
    throw new SyncError("UNSUPPORTED", "mounting needs FUSE, and that is there on Linux alone");
  const dir = findDirectory(place);
  const isRoot = process.geteuid?.() === 0;
  const { name = "rsync-stream", options: more = [] } = options;
  const words = [
    ...usualOptions.filter((word) => !isOverruled(word, more)),
    ...more,
    `fsname=${escaped(name)}`,
  ];
  const fd = isRoot
    ? await mountAsRoot(dir, words)
    : await mountAsUser(dir, [...words, "subtype=rsync-stream"]);
  return { fd, unmount: () => unmount(dir, isRoot) };
}

/** @throws NOT_FOUND where there is no directory, IO */
function findDirectory(place: string): string {
  const message = "there is no directory to mount on";
  const detail = { path: place };
  try {
    const dir = realpathSync(place);
    if (statSync(dir).isDirectory()) return dir;
  } catch (cause) {
    throw new SyncError(errnoOf(cause) === "ENOENT" ? "NOT_FOUND" : "IO", message, { cause, detail });
  }
  throw new SyncError("NOT_FOUND", message, { detail });
}

/** True for an option whose opposite is asked for, such as `nodev` by `dev`. */
function isOverruled(word: string, asked: readonly string[]): boolean {
  return asked.includes(word.replace(/^no/, "")) || asked.includes(`no_${word}`);
}

/** A comma would begin the next option. */
function escaped(name: string): string {
  return name.replaceAll(/[\\,]/g, "\\$&");
}

async function mountAsRoot(dir: string, words: readonly string[]): Promise<number> {
  const fd = openDevice();
  // The program inherits the descriptor as its number 3.
  const how = ["fd=3", "rootmode=40000", "user_id=0", "group_id=0", ...words].filter(
    (word) => !word.startsWith("fsname="),
  );
  const name = words.find((word) => word.startsWith("fsname="))!.slice("fsname=".length);
  try {
    await run("mount", ["-i", "-t", "fuse.rsync-stream", "-o", how.join(","), name, dir], { fd });
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function openDevice(): number {
  try {
    return openSync(devicePath, "r+");
  } catch (cause) {
    throw new SyncError("UNSUPPORTED", "mounting needs FUSE, which cannot be opened", {
      cause,
      detail: { path: devicePath },
    });
  }
}

/** `fusermount3` may mount what a user may; it opens the device itself and passes that back. */
async function mountAsUser(dir: string, words: readonly string[]): Promise<number> {
  const passed = passedDescriptor();
  if (passed === undefined)
    throw new SyncError("UNSUPPORTED", "to mount without being root needs koffi, an optional dependency");
  try {
    const env = { ...process.env, _FUSE_COMMFD: "3" };
    await run("fusermount3", ["-o", words.join(","), "--", dir], { fd: passed.theirs, env });
    return passed.take();
  } finally {
    passed.close();
  }
}

async function unmount(dir: string, isRoot: boolean): Promise<void> {
  const device = deviceOfMount(dir);
  if (device === undefined) return;
  const [program, ...args] = isRoot ? ["umount"] : ["fusermount3", "-u"];
  try {
    await run(program!, [...args, dir]);
  } catch {
    // Somebody uses it: it goes from the tree now, and what is still open fails from now on.
    await run(program!, [...args, ...(isRoot ? ["-f", "-l"] : ["-z"]), dir]);
    if (!isRoot) abort(device);
  }
}

/** Ends the connection of a file system that is no longer in the tree, as root does by force. */
function abort(device: string): void {
  try {
    writeFileSync(`/sys/fs/fuse/connections/${device}/abort`, "1");
  } catch {
    // Without that directory it ends with this process.
  }
}

/**
 * The minor number of what is mounted on a directory; undefined when nothing is. To look at the
 * directory itself would be to wait for ourselves.
 */
function deviceOfMount(dir: string): string | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const found = mounts.findLast((line) => unescaped(line.split(" ")[4] ?? "") === dir);
  return found?.split(" ")[2]!.split(":")[1];
}

/** Spaces and the like are three octal digits behind a backslash. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** Runs a program, with a descriptor as its number 3. @throws IO with what it says */
function run(
  program: string,
  args: readonly string[],
  { fd, env }: { readonly fd?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "ignore", "pipe", ...(fd === undefined ? [] : [fd])] as const;
    const child = spawn(program, args, { stdio: [...stdio], ...(env && { env }) });
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => void (said += text));
    child.on("error", (cause) => reject(new SyncError("IO", `${program} cannot be run`, { cause })));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      const [line] = said.trim().split("\n"); // advice may follow
      reject(new SyncError("IO", `${program} failed: ${line || `it ended with ${code ?? signal}`}`));
    });
  });
}
