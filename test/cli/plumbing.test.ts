import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { firstNumber, freshFolder, outcomeOf, rsyncStream, runShell, shell, waitUntil } from "./run.ts";
import { noise, plant } from "./trees.ts";

/** An old and a new version of a file, 300 kB with 100 bytes more in the middle. */
function versions() {
  const folder = freshFolder();
  const old = noise(300_000, "file");
  const fresh = Buffer.concat([old.subarray(0, 150_000), noise(100, "edit"), old.subarray(150_000)]);
  plant(folder, { old, new: fresh });
  return { folder, old, fresh, at: (name: string) => join(folder, name) };
}

/** Runs info, wish and data; the files lie beside the versions. */
async function exchange(folder: string, have: string[], info: string[] = [], said: unknown = "") {
  const line =
    '$RS info "$1/new" $3 > "$1/i" && $RS wish "$1/i" $2 > "$1/w" && $RS data "$1/new" "$1/i" "$1/w" > "$1/d"';
  const { code, stderr } = await runShell(line, folder, have.join(" "), info.join(" "));
  expect({ code, stderr }).toEqual({ code: 0, stderr: said });
}

describe("info, wish, data, apply", () => {
  it.each([[[]], [["--perm", "1"]], [["--perm", "7", "--seed", "5"]]])("rebuild a file, %j", async (info) => {
    const { folder, fresh, at } = versions();
    chmodSync(at("old"), 0o640);
    await exchange(folder, ["--have", at("old")], info);
    expect(statSync(at("d")).size).toBeLessThan(100_000);
    const { code, stderr } = await rsyncStream(["apply", at("i"), at("d"), at("old")]);
    expect(stderr).toMatch(/^rebuilt: .* saved/);
    expect(code).toBe(0);
    expect(readFileSync(at("old")).equals(fresh)).toBe(true);
    expect(statSync(at("old")).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).sort()).toEqual(["d", "i", "new", "old", "w"]);
  });

  it("rebuild a file of which nothing is here", async () => {
    const { folder, fresh, at } = versions();
    await exchange(folder, ["--have", at("missing")], [], expect.stringContaining("nothing is at"));
    expect((await rsyncStream(["apply", at("i"), at("d"), at("made")])).code).toBe(0);
    expect(readFileSync(at("made")).equals(fresh)).toBe(true);
  });

  it("rebuild from the files of a directory", async () => {
    const { folder, fresh, old, at } = versions();
    plant(at("have"), { "x/1": old.subarray(0, 200_000), "x/2": old.subarray(100_000) });
    await exchange(folder, ["--have", at("have")]);
    expect(statSync(at("d")).size).toBeLessThan(100_000);
    const { code } = await rsyncStream(["apply", at("i"), at("d"), at("made"), "--have", at("have")]);
    expect(code).toBe(0);
    expect(readFileSync(at("made")).equals(fresh)).toBe(true);
  });

  it("refuse a file of too many chunks with the reason, each of them, unless the limit is raised", async () => {
    const { folder, at } = versions();
    writeFileSync(at("new"), Buffer.alloc(3 * 131_072));
    await exchange(folder, []);
    const refused = { code: 5, stderr: expect.stringContaining("a file of more than 2 chunks (LIMIT)") };
    const runs = [
      ["info", at("new")],
      ["wish", at("i")],
      ["data", at("new"), at("i"), at("w")],
      ["apply", at("i"), at("d"), at("made")],
    ];
    for (const run of runs) {
      expect(await rsyncStream([...run, "--max-chunks", "2"])).toMatchObject(refused);
      expect(await rsyncStream([...run, "--max-chunks", "3"])).toMatchObject({ code: 0 });
    }
  });

  it("take the data from standard input", async () => {
    const { folder, fresh, at } = versions();
    await exchange(folder, []);
    const data = readFileSync(at("d"));
    expect((await rsyncStream(["apply", at("i"), "-", at("made")], data)).code).toBe(0);
    expect(readFileSync(at("made")).equals(fresh)).toBe(true);
  });

  it("rebuild an empty file", async () => {
    const { folder, at } = versions();
    writeFileSync(at("new"), "");
    await exchange(folder, []);
    expect((await rsyncStream(["apply", at("i"), at("d"), at("old")])).code).toBe(0);
    expect(readFileSync(at("old")).length).toBe(0);
  });

  it("describe a file in the same way for the same seed", async () => {
    const { at } = versions();
    const runs = await Promise.all(
      ["1", "1", "2"].map((seed) => rsyncStream(["info", at("new"), "--seed", seed])),
    );
    const [first, again, other] = runs.map(({ stdout }) => stdout.toString());
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect((JSON.parse(first!) as { Perm: number[] }).Perm.length).toBe(256);
  });
});

describe("apply keeps the old file", () => {
  async function failed(spoil: (data: Buffer) => Buffer) {
    const { folder, old, at } = versions();
    await exchange(folder, ["--have", at("old")]);
    writeFileSync(at("d"), spoil(readFileSync(at("d"))));
    const { code, stderr } = await rsyncStream(["apply", at("i"), at("d"), at("old")]);
    expect(code).toBe(1);
    expect(readFileSync(at("old")).equals(old)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["d", "i", "new", "old", "w"]);
    return stderr;
  }

  it("when the data is cut off", async () => {
    expect(await failed((data) => data.subarray(0, -1))).toContain("(TRUNCATED)");
  });

  it("when a bit of the data is wrong", async () => {
    const flip = (data: Buffer) => ((data[data.length >> 1]! ^= 1), data);
    expect(await failed(flip)).toContain("(UNEXPECTED_CHUNK)");
  });

  it("when the data goes on", async () => {
    expect(await failed((data) => Buffer.concat([data, Buffer.from([2, 0])]))).toMatch(/\(\w+\)\n$/);
  });
});

it("data refuses a file that is not the one described", async () => {
  const { folder, at } = versions();
  await exchange(folder, []);
  writeFileSync(at("new"), noise(300_100, "another"));
  const { code, stderr } = await rsyncStream(["data", at("new"), at("i"), at("w")]);
  expect(stderr).toContain("(CHANGED)");
  expect(code).toBe(3);
});

it("data refuses a wishlist of another file", async () => {
  const { folder, at } = versions();
  await exchange(folder, []);
  writeFileSync(at("w"), readFileSync(at("w")).subarray(0, -1));
  const { code, stderr } = await rsyncStream(["data", at("new"), at("i"), at("w")]);
  expect(stderr).toContain("(WISHLIST_TOO_SHORT)");
  expect(code).toBe(1);
});

it("apply refuses a directory", async () => {
  const { folder, at } = versions();
  await exchange(folder, []);
  const { code, stderr } = await rsyncStream(["apply", at("i"), at("d"), folder]);
  expect(stderr).toContain("the destination has to be a file");
  expect(code).toBe(2);
});

describe("chunks", () => {
  it("lists every chunk, the last one too", async () => {
    const { at, fresh } = versions();
    const { stdout } = await rsyncStream(["chunks", at("new")]);
    const rows = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    let end = 0;
    for (const [offset, size] of rows) {
      expect(Number(offset)).toBe(end);
      end += Number(size);
    }
    expect(end).toBe(fresh.length);
  });

  it("cuts by the rule that was asked for", async () => {
    const { at } = versions();
    const { stdout } = await rsyncStream([
      "chunks",
      at("new"),
      "--cutter",
      "fixed",
      "--size",
      "100000",
      "--json",
    ]);
    const rows = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(rows.map((row) => ({ ...row, id: undefined }))).toEqual(
      [0, 100_000, 200_000, 300_000].map((offset) => {
        return { path: at("new"), offset, size: offset === 300_000 ? 100 : 100_000, id: undefined };
      }),
    );
  });

  it("shows handprints: versions of one file share most of theirs", async () => {
    const { at } = versions();
    const { stdout } = await rsyncStream(["chunks", at("old"), at("new"), "--handprint=4", "--json"]);
    const [one, two] = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { handprint: string[] });
    expect(one!.handprint.length).toBe(4);
    expect(one!.handprint.filter((id) => two!.handprint.includes(id)).length).toBeGreaterThanOrEqual(2);
    const text = await rsyncStream(["chunks", at("old"), "--handprint"]);
    expect(text.stdout.toString()).toMatch(/^[0-9a-f]{20} .*old\n$/);
  });
});

it("leaves nothing behind when interrupted", async () => {
  const { folder, at } = versions();
  await exchange(folder, []);
  const line =
    'mkfifo "$1/pipe"; $RS apply "$1/i" "$1/pipe" "$1/made" & app=$!; exec 3> "$1/pipe"; head -c 1000 "$1/d" >&3; until ls -A "$1" | grep -q "^[.]rsync-stream-"; do sleep 0.05; done; kill -INT $app; wait $app';
  const { code, stderr } = await runShell(line, folder);
  expect(stderr).toContain("(ABORTED)");
  expect(code).toBe(130);
  expect(existsSync(at("made"))).toBe(false);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

/**
 * On a slow machine it may have ended by itself by now: some time after the first interrupt it
 * does.
 */
function interruptAgain(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

it("ends at once on a second interrupt, whatever it waits for", async () => {
  const { folder } = versions();
  await exchange(folder, []);
  // Nobody ever opens the pipe for writing: that wait cannot be broken off.
  const line = 'mkfifo "$1/pipe"; $RS apply "$1/i" "$1/pipe" "$1/made" & echo $!; wait $!';
  const child = shell(line, folder);
  const ended = outcomeOf(child);
  const pid = await firstNumber(child);
  const incomplete = () => readdirSync(folder).filter((name) => name.startsWith(".rsync-stream-"));
  await waitUntil(() => incomplete().length > 0);
  process.kill(pid, "SIGINT");
  await waitUntil(() => incomplete().length === 0);
  interruptAgain(pid);
  expect((await ended).code).toBe(130);
});
