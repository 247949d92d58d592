import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";
import type { KeptCode } from "./kept-code.ts";

/** A file of the program, as CommonJS has it. */
interface LoadedFile {
  exports: unknown;
}

/** A file whose code is to be kept. */
interface CompiledFile {
  readonly name: string;
  readonly source: Buffer;
  readonly script: Script;
}

/** What a file is given: what CommonJS gives to one, and what imports a package. */
type FileBody = (
  exports: unknown,
  require: (id: string) => unknown,
  module: LoadedFile,
  fileName: string,
  folder: string,
  importPackage: (name: string) => Promise<unknown>,
) => void;

/** For packages that are modules. A script that is compiled here may not import them itself. */
const importPackage = (name: string): Promise<unknown> => import(name);

/**
 * The files of which code is kept: what transfers load. They have the same names in each version
 * (scripts/merge-chunks.mjs), so that the newest replaces the one before.
 */
const keptFiles = new Set(
  ["main", "start", "transfer", "session", "sender", "receiver"].map((name) => `${name}.cjs`),
);

/** The files of the program: CommonJS in one folder, which require each other by `./NAME`. */
export class ProgramFiles {
  readonly #loaded = new Map<string, LoadedFile>();
  readonly #compiled: CompiledFile[] = [];
  readonly #folder: string;
  readonly #kept: KeptCode | undefined;

  constructor(folder: string, kept?: KeptCode) {
    this.#folder = folder;
    this.#kept = kept;
  }

  /** Runs a file unless it has run, and returns what it exports. One that throws is run again. */
  load(name: string): unknown {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known.exports;
    const path = join(this.#folder, name);
    const file: LoadedFile = { exports: {} };
    this.#loaded.set(name, file);
    const requireOther = createRequire(path);
    const require = (id: string): unknown =>
      id.startsWith("./") ? this.load(id.slice(2)) : (requireOther(id) as unknown);
    const body = this.#compile(name, path).runInThisContext() as FileBody;
    try {
      body(file.exports, require, file, path, this.#folder, importPackage);
    } catch (thrown) {
      this.#loaded.delete(name);
      throw thrown;
    }
    return file.exports;
  }

  /** Keeps the code of what was compiled, with all functions that were called since. */
  keepCode(): void {
    for (const { name, source, script } of this.#compiled)
      this.#kept?.keep(name, source, script.createCachedData());
  }

  #compile(name: string, path: string): Script {
    const source = readFileSync(path);
    const kept = keptFiles.has(name) ? this.#kept : undefined;
    const code = kept?.find(name, source);
    const text = `(function (exports, require, module, __filename, __dirname, importPackage) {${source}\n})`;
    const script = new Script(text, { filename: path, ...(code && { cachedData: code }) });
    // Code that was refused is right for an engine as it starts, and this one has been set
    // otherwise by the program since. It stays: else it would be written again by each such run.
    if (kept !== undefined && code === undefined) this.#compiled.push({ name, source, script });
    return script;
  }
}
