import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";
import { expect, it, onTestFinished } from "vitest";
import { KeptCode } from "../../../../src/cli/launch/kept-code.ts";
import { ProgramFiles } from "../../../../src/cli/launch/program-files.ts";

function freshFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A program, and what it has kept after it ran once. */
function ranOnce(text: string): { folder: string; kept: KeptCode; source: Buffer; keptFile: string } {
  const folder = freshFolder({ "session.cjs": text });
  const cache = join(freshFolder({}), "cache");
  const kept = new KeptCode(cache);
  const files = new ProgramFiles(folder, kept);
  files.load("session.cjs");
  files.keepCode();
  return { folder, kept, source: Buffer.from(text), keptFile: join(cache, readdirSync(cache)[0]!) };
}

it("gives each file what CommonJS does, and runs it once", async () => {
  const folder = freshFolder({
    "main.cjs": `
      exports.name = __filename; exports.folder = __dirname; exports.counts = [require("./b.cjs").count()];
      exports.counts.push(require("./b.cjs").count()); exports.basename = require("node:path").basename("a/b");
      exports.package = () => importPackage("node:os");`,
    "b.cjs": `let n = 0; module.exports = { count: () => ++n };`,
  });
  const main = new ProgramFiles(folder).load("main.cjs") as Record<string, unknown> & {
    package: () => Promise<{ EOL: string }>;
  };
  expect(main).toMatchObject({ name: join(folder, "main.cjs"), folder, counts: [1, 2], basename: "b" });
  expect((await main.package()).EOL).toMatch(/\n$/);
});

it("lets two files require each other", () => {
  const folder = freshFolder({
    "a.cjs": `exports.early = 1; exports.seen = require("./b.cjs").seen;`,
    "b.cjs": `exports.seen = { ...require("./a.cjs") };`,
  });
  expect(new ProgramFiles(folder).load("a.cjs")).toEqual({ early: 1, seen: { early: 1 } });
});

it("throws what a file throws, each time it is loaded, with the line", () => {
  const folder = freshFolder({
    "main.cjs": `exports.load = () => require("./broken.cjs");`,
    "broken.cjs": `exports.half = 1;\nthrow new Error("broken");`,
  });
  const { load } = new ProgramFiles(folder).load("main.cjs") as { load: () => unknown };
  for (const _ of [1, 2])
    expect(load).toThrow(
      expect.objectContaining({
        message: "broken",
        stack: expect.stringContaining(`${join(folder, "broken.cjs")}:2:`) as string,
      }),
    );
});

it("runs a file that ends in a comment", () => {
  const folder = freshFolder({ "main.cjs": "exports.text = 'done'; // the end" });
  expect(new ProgramFiles(folder).load("main.cjs")).toEqual({ text: "done" });
});

it("keeps the code of what transfers load alone", () => {
  const folder = freshFolder({ "session.cjs": `require("./other.cjs");`, "other.cjs": "" });
  const cache = join(freshFolder({}), "cache");
  const files = new ProgramFiles(folder, new KeptCode(cache));
  files.load("session.cjs");
  files.keepCode();
  expect(readdirSync(cache)).toEqual(["session.cjs.code"]);
});

it("runs kept code in the place of the source it is of", () => {
  const forged = ranOnce(`exports.text = "forged";`);
  const code = forged.kept.find("session.cjs", forged.source)!;
  // The engine has not seen this source: what it compiled itself, it would take from its memory.
  const source = Buffer.from(`exports.text = "unseen";`);
  writeFileSync(join(forged.folder, "session.cjs"), source);
  forged.kept.keep("session.cjs", source, code);
  expect(new ProgramFiles(forged.folder, forged.kept).load("session.cjs")).toEqual({ text: "forged" });
});

it("runs the source where V8 refuses the code, and leaves that as it is", () => {
  const { folder, kept, source, keptFile } = ranOnce(`exports.text = "source";`);
  kept.keep("session.cjs", source, new Script("0").createCachedData().subarray(0, 40));
  const before = readFileSync(keptFile);
  const files = new ProgramFiles(folder, kept);
  expect(files.load("session.cjs")).toEqual({ text: "source" });
  files.keepCode();
  expect(readFileSync(keptFile)).toEqual(before);
});

it("keeps no code that was found", () => {
  const { folder, kept, keptFile } = ranOnce(`exports.text = "source";`);
  const { ino } = statSync(keptFile);
  const again = new ProgramFiles(folder, kept);
  again.load("session.cjs");
  again.keepCode();
  expect(statSync(keptFile).ino).toBe(ino);
});
