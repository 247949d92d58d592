import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { readFlags } from "../../bytes/open-flags.node.ts";
import { isOwn, isPrivate, isPrivateFolder } from "./own-folder.ts";

/** Bytes of the SHA-256 in front of what is kept. */
const digestBytes = 32;
/** Bytes of kept code that are read, at most. */
const codeBytes = 16 << 20;
/** How long a file that is being written is left alone: an hour, of the moment that it takes. */
const writingMs = 3_600_000;

/**
 * Compiled code that was kept in a folder of the user's. V8 runs what it is given without a check,
 * so only files are read that nobody else can have written, and that tell the SHA-256 of the
 * source and the code together.
 *
 * It makes a start shorter and nothing else: where it cannot be read or kept nobody is told.
 */
export class KeptCode {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns the code of a file of the program; undefined where there is none that can be used. */
  find(name: string, source: Buffer): Buffer | undefined {
    try {
      if (!isPrivateFolder(this.#folder)) return undefined;
      const held = readOwn(this.#pathOf(name));
      const code = held?.subarray(digestBytes);
      return code && digestOf(source, code).equals(held!.subarray(0, digestBytes)) ? code : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps the code of a file of the program, in the place of what was kept of it before. */
  keep(name: string, source: Buffer, code: Buffer): void {
    const path = this.#pathOf(name);
    try {
      makeOwn(this.#folder);
      removeLeft(this.#folder);
      replace(path, Buffer.concat([digestOf(source, code), code]));
    } catch {
      // The next start compiles again.
    }
  }

  #pathOf(name: string): string {
    return join(this.#folder, `${name}.code`);
  }
}

/** Reads a file; undefined when it is not the user's alone to write, or too long to be one. */
function readOwn(path: string): Buffer | undefined {
  const handle = openSync(path, readFlags);
  try {
    const stats = fstatSync(handle);
    const isFit = stats.isFile() && isPrivate(stats) && stats.size <= codeBytes;
    return isFit ? readFileSync(handle) : undefined;
  } finally {
    closeSync(handle);
  }
}

/** Puts a file in place as a whole. */
function replace(path: string, content: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes what runs left that were killed while they put a file in place. */
function removeLeft(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/\.code\.\d+$/.test(name)) continue;
    const stats = lstatSync(join(folder, name), { throwIfNoEntry: false });
    if (stats?.isFile() && Date.now() - stats.mtimeMs > writingMs)
      rmSync(join(folder, name), { force: true });
  }
}

/** Makes a folder and the one around it. Below a folder of somebody else it makes none. */
function makeOwn(folder: string): void {
  for (const path of [dirname(folder), folder]) {
    if (existsSync(path)) continue;
    if (!isOwn(statSync(dirname(path)))) throw new Error("it is somebody else's");
    mkdirSync(path, 0o700);
  }
  if (!isPrivateFolder(folder)) throw new Error("others can write to it");
}

/**
 * V8 and Node.js are in it as well: each version compiles in its own way. So are the settings that
 * the engine is started with: V8 refuses code that was compiled with others, which would be found
 * for ever if it came first.
 */
function digestOf(source: Buffer, code: Buffer): Buffer {
  const settings = JSON.stringify([process.execArgv, process.env["NODE_OPTIONS"]]);
  return createHash("sha256")
    .update(`${process.version} ${process.arch} ${settings} ${source.length} `)
    .update(source)
    .update(code)
    .digest();
}
