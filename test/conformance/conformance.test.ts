import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Case } from "./check.ts";
import { runFolder } from "./main.ts";

const vectors = join(import.meta.dirname, "..", "vectors", "cafs");
const files = readdirSync(vectors).filter((name) => name.endsWith(".json"));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "conformance-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The numbers and lines of a run over one folder with just this text as a vector file. */
async function runText(text: string): Promise<{ passed: number; failed: number; lines: string[] }> {
  const only = mkdtempSync(join(folder, "one-"));
  writeFileSync(join(only, "vectors.json"), text);
  const lines: string[] = [];
  return { ...(await runFolder(only, (line) => lines.push(line))), lines };
}

it("all vectors pass, every case of every file", async () => {
  const lines: string[] = [];
  const tally = await runFolder(vectors, (line) => lines.push(line));
  expect(lines).toEqual([]);
  const cases = files.map((name) => JSON.parse(readFileSync(join(vectors, name), "utf8")).cases.length);
  expect(tally).toEqual({ passed: cases.reduce((sum, count) => sum + count, 0), failed: 0 });
});

describe("vectors of casync", () => {
  const ofCasync = join(import.meta.dirname, "..", "vectors", "casync");

  it("all pass, those of the store beside them too", async () => {
    const lines: string[] = [];
    const { passed, failed } = await runFolder(ofCasync, (line) => lines.push(line));
    expect(lines).toEqual([]);
    expect([passed > 190, failed]).toEqual([true, 0]);
  });

  it.each([
    ["basics.json", /"hash": "0x[0-9a-f]/, '"hash": "0x'],
    ["chunking.json", /"ids": \[\s*"[0-9a-f]/, '"ids": ["'],
    ["odd-archives.json", /"casyncListExit": 0/, '"casyncListExit": 1'],
    ["protocol.json", /"exit": 0/, '"exit": 1'],
  ])("a wrong expectation in %s is seen", async (name, right, wrong) => {
    const only = mkdtempSync(join(folder, "casync-"));
    cpSync(ofCasync, only, { recursive: true });
    for (const other of readdirSync(only))
      if (other.endsWith(".json") && other !== name) rmSync(join(only, other));
    rmSync(join(only, "store", "store.json"));
    const text = readFileSync(join(only, name), "utf8");
    expect(text).toMatch(right);
    writeFileSync(join(only, name), text.replace(right, wrong));
    expect((await runFolder(only, () => {})).failed).toBe(1);
  });
});

describe("the runner sees a wrong expectation in", () => {
  it.each(files)("%s", async (name) => {
    const text = readFileSync(join(vectors, name), "utf8");
    const members = [
      "chunkSizes",
      "boundaryCalls",
      "rows",
      "hex",
      "chunkCount",
      "shuffled",
      "order",
      "wishlistHex",
    ];
    members.push("streamLength", "used", "resultKey", "requested", "text", "numChunks", "inverse");
    let seen = 0;
    for (const member of members) {
      const file = JSON.parse(text);
      const vector = file.cases.find((one: Case) => stepsOf(one).some((step) => changes(step[member])));
      if (vector === undefined) continue;
      for (const step of stepsOf(vector)) if (changes(step[member])) step[member] = wrong(step[member]);
      expect((await runText(JSON.stringify({ ...file, cases: [vector] }))).failed, member).toBe(1);
      seen++;
    }
    expect(seen).toBeGreaterThan(0);
  });

  function stepsOf(vector: Case): Case[] {
    return [vector, ...(vector.steps ?? [])];
  }

  function changes(value: unknown): boolean {
    return (
      typeof value === "number" || ((typeof value === "string" || Array.isArray(value)) && value.length > 0)
    );
  }

  function wrong(value: unknown): unknown {
    if (typeof value === "number") return value + 1;
    if (typeof value === "string") return value.slice(0, -1) + (value.endsWith("0") ? "1" : "0");
    return [...(value as unknown[]).slice(0, -1), "wrong"];
  }
});

describe("the runner refuses", () => {
  it.each([
    ["an unknown schema", `{"schema":"cafs-vectors/1 riddle","cases":[{}]}`],
    ["another version", `{"schema":"cafs-vectors/2 varint","cases":[{}]}`],
    ["a name that every object has", `{"schema":"cafs-vectors/1 constructor","cases":[{}]}`],
    ["a file without cases", `{"schema":"cafs-vectors/1 varint","cases":[]}`],
    ["an unknown type", `{"schema":"cafs-vectors/1 varint","cases":[{"type":"guess"}]}`],
    ["an unknown side", `{"schema":"cafs-vectors/1 errors","cases":[{"side":"relay","result":"ok"}]}`],
    ["an unknown result", `{"schema":"cafs-vectors/1 errors","cases":[{"side":"sender","result":"odd"}]}`],
    ["an unknown input", `{"schema":"cafs-vectors/1 chunker","cases":[{"input":{"kind":"pi","size":1}}]}`],
    [
      "an unknown operation",
      `{"schema":"cafs-vectors/1 storage","cases":[{"capacity":1,"steps":[{"op":"x"}]}]}`,
    ],
    ["what is not JSON", `{`],
  ])("%s", async (_, text) => {
    const { passed, failed, lines } = await runText(text);
    expect([passed, failed, lines.length]).toEqual([0, 1, 1]);
  });

  it("a folder without vectors", async () => {
    const empty = mkdtempSync(join(folder, "empty-"));
    cpSync(join(vectors, "README.md"), join(empty, "README.md"));
    expect(await runFolder(empty, () => {})).toEqual({ passed: 0, failed: 1 });
  });
});
