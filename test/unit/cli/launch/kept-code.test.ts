import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { KeptCode } from "../../../../src/cli/launch/kept-code.ts";
import { cacheFolder, isPrivateFolder } from "../../../../src/cli/launch/own-folder.ts";
import { notPosix, notRoot, unless } from "../../../obstacles.ts";

const source = Buffer.from("exports.sum = (a, b) => a + b;");
const code = Buffer.from("what V8 made of it");

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-kept-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "cache", "rsync-stream");
}

/** A folder in which the code of `a` is kept, and the file that it is in. */
function keptIn(folder = freshFolder()): { kept: KeptCode; folder: string; file: string } {
  const kept = new KeptCode(folder);
  kept.keep("a", source, code);
  const [name] = readdirSync(folder);
  return { kept, folder, file: join(folder, name!) };
}

describe("compiled code that is kept", () => {
  it("is found for its source, and replaced", () => {
    const { kept, folder } = keptIn();
    expect(kept.find("a", source)).toEqual(code);
    const newer = Buffer.from("exports.sum = (a, b) => b + a;");
    kept.keep("a", newer, Buffer.from("newer"));
    expect(kept.find("a", newer)).toEqual(Buffer.from("newer"));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("is not found for another source, even of the same length, or another file", () => {
    const { kept } = keptIn();
    expect(kept.find("a", Buffer.from("exports.sum = (a, b) => a - b;"))).toBeUndefined();
    expect(kept.find("b", source)).toBeUndefined();
  });

  it("is not found by an engine with other settings", () => {
    const { kept } = keptIn();
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("NODE_OPTIONS", "--max-old-space-size=512");
    expect(kept.find("a", source)).toBeUndefined();
    vi.unstubAllEnvs();
    expect(kept.find("a", source)).toEqual(code);
    process.execArgv.push("--stack-size=900");
    onTestFinished(() => void process.execArgv.pop());
    expect(kept.find("a", source)).toBeUndefined();
  });

  it.each([
    ["version", "v0.0.1"],
    ["arch", "another"],
  ] as const)("is not found by a Node.js of another %s", (fact, value) => {
    const { kept } = keptIn();
    const own = Object.getOwnPropertyDescriptor(process, fact)!;
    Object.defineProperty(process, fact, { ...own, value });
    try {
      expect(kept.find("a", source)).toBeUndefined();
    } finally {
      Object.defineProperty(process, fact, own);
    }
    expect(kept.find("a", source)).toEqual(code);
  });

  it("is not found for a source that goes on with what the code began with", () => {
    const { kept, file } = keptIn();
    const whole = readFileSync(file);
    const digestBytes = whole.length - code.length;
    writeFileSync(file, Buffer.concat([whole.subarray(0, digestBytes), code.subarray(4)]));
    expect(kept.find("a", Buffer.concat([source, code.subarray(0, 4)]))).toBeUndefined();
  });

  it("is not read where it is longer than any", () => {
    const { kept } = keptIn();
    kept.keep("a", source, Buffer.alloc(16 << 20));
    expect(kept.find("a", source)).toBeUndefined();
  });

  it("is replaced as a whole: whoever reads what was kept before goes on with that", () => {
    const { kept, folder, file } = keptIn();
    const before = join(folder, "..", "before");
    linkSync(file, before);
    const whole = readFileSync(file);
    kept.keep("a", source, Buffer.from("newer"));
    expect(readFileSync(before)).toEqual(whole);
    expect(kept.find("a", source)).toEqual(Buffer.from("newer"));
  });

  it("leaves nothing beside it where it cannot be put in place", () => {
    const { kept, folder, file } = keptIn();
    rmSync(file);
    mkdirSync(join(file, "in the way"), { recursive: true });
    kept.keep("a", source, code);
    expect(readdirSync(folder)).toEqual(["a.code"]);
  });

  it("follows no link that was put in the place of what becomes the file", () => {
    const { kept, folder, file } = keptIn();
    const other = join(folder, "..", "other");
    writeFileSync(other, "other");
    symlinkSync(other, `${file}.${process.pid}`);
    kept.keep("a", source, Buffer.from("newer"));
    expect(readFileSync(other, "utf8")).toBe("other");
  });

  unless(notPosix).test("is for nobody else to read", () => {
    const { folder, file } = keptIn();
    const modes = [join(folder, ".."), folder, file].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  it("is not found by a link to the folder", () => {
    const { kept, folder } = keptIn();
    renameSync(folder, `${folder}-elsewhere`);
    symlinkSync(`${folder}-elsewhere`, folder);
    expect(kept.find("a", source)).toBeUndefined();
  });

  it("is not found where any bit of it differs, or it was cut", () => {
    const { kept, file } = keptIn();
    const whole = readFileSync(file);
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file, damaged);
      expect(kept.find("a", source), `bit ${bit}`).toBeUndefined();
    }
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      expect(kept.find("a", source), `${length} bytes`).toBeUndefined();
    }
    writeFileSync(file, whole);
    expect(kept.find("a", source)).toEqual(code);
  });

  it("is not found where others can write to it or its folder", () => {
    const { kept, folder, file } = keptIn();
    for (const [path, bad, good] of [
      [file, 0o620, 0o600],
      [file, 0o602, 0o600],
      [folder, 0o720, 0o700],
      [folder, 0o702, 0o700],
    ] as const) {
      chmodSync(path, bad);
      expect(kept.find("a", source), `${path} ${bad.toString(8)}`).toBeUndefined();
      chmodSync(path, good);
      expect(kept.find("a", source)).toEqual(code);
    }
  });

  it("is not put where others can write", () => {
    const folder = freshFolder();
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    new KeptCode(folder).keep("a", source, code);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, (file: string) => unknown]>([
    // A pipe that somebody waited for would be waited for to the end of the test.
    ["a pipe", (file) => execFileSync("mkfifo", [file])],
    ["a link to the file", (file) => symlinkSync(`${file}.moved`, file)],
  ])("is not found in %s, which makes room for it", (_, put) => {
    const { kept, file } = keptIn();
    renameSync(file, `${file}.moved`);
    put(file);
    expect(kept.find("a", source)).toBeUndefined();
    kept.keep("a", source, code);
    expect(kept.find("a", source)).toEqual(code);
  });

  it("is kept where a run was killed that kept it, whose file goes when nobody can be writing it", () => {
    const { kept, folder } = keptIn();
    for (const name of ["a.code.1", "b.code.22"]) writeFileSync(join(folder, name), "part");
    utimesSync(join(folder, "b.code.22"), 0, 0);
    kept.keep("a", source, code);
    expect(readdirSync(folder).sort()).toEqual(["a.code", "a.code.1"]);
  });

  it("is a convenience: nothing is thrown where it cannot be put", () => {
    const folder = freshFolder();
    mkdirSync(join(folder, ".."), { recursive: true });
    writeFileSync(folder, "a file");
    const kept = new KeptCode(folder);
    kept.keep("a", source, code);
    expect(kept.find("a", source)).toBeUndefined();
    expect(readFileSync(folder, "utf8")).toBe("a file");
  });

  unless(notRoot).describe("of somebody else", () => {
    it("is not found", () => {
      const { kept, folder, file } = keptIn();
      for (const path of [file, folder]) {
        chownSync(path, 1, 1);
        expect(kept.find("a", source), path).toBeUndefined();
        chownSync(path, 0, 0);
      }
      expect(kept.find("a", source)).toEqual(code);
    });

    it("has no folder made below theirs", () => {
      const folder = freshFolder();
      const around = join(folder, "..", "..");
      chownSync(around, 1, 1);
      new KeptCode(folder).keep("a", source, code);
      expect(readdirSync(around)).toEqual([]);
    });
  });
});

describe("the folder for it", () => {
  it("is private when it is a folder", () => {
    const { folder, file } = keptIn();
    expect([isPrivateFolder(folder), isPrivateFolder(file)]).toEqual([true, false]);
  });

  it.each([
    ["/there", "/there/rsync-stream"],
    ["relative", "/home/me/.cache/rsync-stream"],
    ["", "/home/me/.cache/rsync-stream"],
  ])("with XDG_CACHE_HOME=%s is %s", (named, expected) => {
    vi.stubEnv("XDG_CACHE_HOME", named);
    vi.stubEnv("HOME", "/home/me");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(cacheFolder()).toBe(expected);
  });
});
