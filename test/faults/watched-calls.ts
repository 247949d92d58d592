import fs from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import type { Koffi, NativeCall } from "../../src/tree/disk/calls/koffi.node.ts";

/** A call of the system about something below a directory that is watched. */
export interface SystemCall {
  /** As the manual has it: a call through a handle or a path by one name. */
  readonly name: string;
  /** What it is about, relative to the directory. */
  readonly path: string;
  /** The other path of a call about two. */
  readonly other?: string;
  /** True when it may change something that is on the medium. */
  readonly changes: boolean;
  readonly args: readonly unknown[];
}

/** Called before each call; what it returns is what the call fails with, and nothing is done. */
export type BeforeCall = (call: SystemCall) => NodeJS.ErrnoException | undefined;

interface Row {
  readonly name: string;
  /** What of the arguments are paths or handles; a handle of a directory, and a name behind it. */
  readonly about: (args: readonly never[]) => readonly Place[];
  readonly changes: boolean | ((args: readonly never[]) => boolean);
}

/** A path, a handle, or a name in a directory. */
type Place = string | Buffer | number | readonly [dirFd: number, name: Buffer];

const { O_CREAT, O_TRUNC } = fs.constants;
const makes = (flags: unknown): boolean => (Number(flags) & (O_CREAT | O_TRUNC)) !== 0;
const one = ([place]: readonly never[]): readonly Place[] => [place!];
const two = ([place, other]: readonly never[]): readonly Place[] => [place!, other!];
const second = ([, place]: readonly never[]): readonly Place[] => [place!];
const at = ([dirFd, name]: readonly never[]): readonly Place[] => [[dirFd!, name!]];
const atTwo = ([fromFd, from, toFd, to]: readonly never[]): readonly Place[] => [
  [fromFd!, from!],
  [toFd!, to!],
];

/** Node's calls by their names there. */
const nodeCalls: Readonly<Record<string, Row>> = {
  openSync: { name: "open", about: one, changes: ([, flags]) => makes(flags) },
  readSync: { name: "read", about: one, changes: false },
  readdirSync: { name: "readdir", about: one, changes: false },
  lstatSync: { name: "stat", about: one, changes: false },
  fstatSync: { name: "stat", about: one, changes: false },
  statSync: { name: "stat", about: one, changes: false },
  readlinkSync: { name: "readlink", about: one, changes: false },
  closeSync: { name: "close", about: one, changes: false },
  writeSync: { name: "write", about: one, changes: true },
  ftruncateSync: { name: "truncate", about: one, changes: true },
  fsyncSync: { name: "fsync", about: one, changes: true },
  mkdirSync: { name: "mkdir", about: one, changes: true },
  rmdirSync: { name: "rmdir", about: one, changes: true },
  unlinkSync: { name: "unlink", about: one, changes: true },
  renameSync: { name: "rename", about: two, changes: true },
  linkSync: { name: "link", about: two, changes: true },
  symlinkSync: { name: "symlink", about: second, changes: true },
  chmodSync: { name: "chmod", about: one, changes: true },
  fchmodSync: { name: "chmod", about: one, changes: true },
  chownSync: { name: "chown", about: one, changes: true },
  fchownSync: { name: "chown", about: one, changes: true },
  lchownSync: { name: "chown", about: one, changes: true },
  futimesSync: { name: "utimens", about: one, changes: true },
  lutimesSync: { name: "utimens", about: one, changes: true },
};

/** Requests of ioctl(2) that change something: FICLONE and FICLONERANGE. */
const clones = [0x40049409, 0x4020940d];

/** Calls of the C library by their names in a declaration. */
const nativeCalls: Readonly<Record<string, Row>> = {
  openat: { name: "open", about: at, changes: ([, , flags]) => makes(flags) },
  statx: { name: "stat", about: at, changes: false },
  getdents64: { name: "readdir", about: one, changes: false },
  renameat: { name: "rename", about: atTwo, changes: true },
  renameat2: { name: "exchange", about: atTwo, changes: true },
  futimens: { name: "utimens", about: one, changes: true },
  utimensat: { name: "utimens", about: at, changes: true },
  ioctl: { name: "ioctl", about: one, changes: ([, request]) => clones.includes(Number(request)) },
  fallocate: { name: "fallocate", about: one, changes: true },
  mknod: { name: "mknod", about: one, changes: true },
  setxattr: { name: "setxattr", about: one, changes: true },
  lsetxattr: { name: "setxattr", about: one, changes: true },
  removexattr: { name: "removexattr", about: one, changes: true },
  lremovexattr: { name: "removexattr", about: one, changes: true },
};

/** The directory that is watched, and what is called before each call about it. */
let watched: { readonly root: string; readonly before: BeforeCall } | undefined;
/** Where handles lead that were opened while something was watched. */
const handles = new Map<number, string>();
let nativeErrno: number | undefined;

function textOf(place: string | Buffer): string {
  const text = Buffer.isBuffer(place) ? place.toString("latin1") : Buffer.from(place).toString("latin1");
  return text.replace(/\0$/, "");
}

/** A path as it is without /proc; undefined for what was opened before. */
function resolve(place: Place): string | undefined {
  if (typeof place === "number") return handles.get(place);
  if (typeof place === "string" || Buffer.isBuffer(place)) {
    const [, fd, below = ""] = /^\/proc\/self\/fd\/(\d+)(\/.*)?$/s.exec(textOf(place)) ?? [];
    if (fd === undefined) return textOf(place);
    const start = handles.get(Number(fd));
    return start === undefined ? undefined : start + below;
  }
  const [dirFd, name] = place as readonly [number, Buffer];
  const below = textOf(name.subarray(0, name.indexOf(0)));
  const dir = handles.get(dirFd);
  return dir === undefined ? undefined : below === "" ? dir : `${dir}/${below}`;
}

/** The call where it is about the directory that is watched. */
function describe(row: Row, args: readonly never[]): SystemCall | undefined {
  if (!watched) return undefined;
  const { root } = watched;
  const [path, other] = row.about(args).map(resolve);
  const isInside = path === root || path?.startsWith(`${root}/`) === true;
  if (!isInside) return undefined;
  const changes = typeof row.changes === "boolean" ? row.changes : row.changes(args);
  const below = (full: string): string => full.slice(root.length + 1);
  return {
    name: row.name,
    path: below(path!),
    ...(other !== undefined && { other: below(other) }),
    changes,
    args,
  };
}

/** What a handle leads to is moved with it. */
function noteRename(from: string, to: string, isExchange: boolean): void {
  for (const [fd, path] of handles) {
    if (path === from || path.startsWith(`${from}/`)) handles.set(fd, to + path.slice(from.length));
    else if (isExchange && (path === to || path.startsWith(`${to}/`)))
      handles.set(fd, from + path.slice(to.length));
  }
}

function noteDone(row: Row, args: readonly never[], result: unknown): void {
  if (row.name === "open" && Number(result) >= 0) {
    const path = resolve(row.about(args)[0]!);
    if (path !== undefined) handles.set(Number(result), path);
  } else if (row.name === "close") handles.delete(Number(args[0]));
  else if (row.name === "rename" || row.name === "exchange") {
    const [from, to] = row.about(args).map(resolve);
    if (from !== undefined && to !== undefined) noteRename(from, to, row.name === "exchange");
  }
}

/** Wraps a call; `fail` is how it says that it failed. */
function wrap<Result>(
  row: Row,
  real: (...args: never[]) => Result,
  fail: (error: NodeJS.ErrnoException) => Result,
): (...args: never[]) => Result {
  return (...args) => {
    const call = describe(row, args);
    const failure = call && watched!.before(call);
    // A handle is gone whatever the system says to closing it.
    if (failure && row.name !== "close") return fail(failure);
    nativeErrno = undefined;
    const result = real(...args);
    if (watched && !(typeof result === "number" && result < 0)) noteDone(row, args, result);
    return failure ? fail(failure) : result;
  };
}

let isWrapped = false;

/** Puts what watches around the calls, once: what is bound before that is not seen. */
function wrapAll(): void {
  if (isWrapped) return;
  isWrapped = true;
  const calls = fs as unknown as Record<string, (...args: never[]) => unknown>;
  for (const [key, row] of Object.entries(nodeCalls)) {
    calls[key] = wrap(row, calls[key]!, (error) => {
      throw error;
    });
  }
  try {
    wrapNative(createRequire(import.meta.url)("koffi") as Koffi);
  } catch {
    // It is not installed, and nothing uses it.
  }
}

function wrapNative(koffi: Koffi): void {
  const load = koffi.load.bind(koffi);
  const errno = koffi.errno.bind(koffi);
  koffi.errno = () => nativeErrno ?? errno();
  koffi.load = (path) => {
    const library = load(path);
    return { func: (declaration) => wrapFunction(declaration, library.func(declaration)) };
  };
}

function wrapFunction(declaration: string, real: NativeCall): NativeCall {
  const row = nativeCalls[/(\w+)\(/.exec(declaration)![1]!];
  if (!row) return real;
  const fail = ({ errno }: NodeJS.ErrnoException): number => {
    nativeErrno = -errno!;
    return -1;
  };
  return wrap(row, real as (...args: never[]) => number, fail) as NativeCall;
}

wrapAll();

/** Has `before` called before each call about what is in a directory, until it is disposed of. */
export function watchCalls(root: string, before: BeforeCall): Disposable {
  if (watched) throw new Error("one directory is watched at a time");
  watched = { root: textOf(root), before };
  return {
    [Symbol.dispose]() {
      watched = undefined;
      handles.clear();
    },
  };
}

/** What a call of the system fails with. */
export function failureOf(call: SystemCall, code: string): NodeJS.ErrnoException {
  const errno = -constants.errno[code as keyof typeof constants.errno];
  const message = `${code}: injected, ${call.name}`;
  return Object.assign(new Error(message), { code, errno, syscall: call.name });
}
