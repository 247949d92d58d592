import { chmodSync, lutimesSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { picture, plant } from "./trees.ts";

type Event = Readonly<Record<string, unknown>>;

const ways = ["a remote shell", "http", "ws", "turns"] as const;
const token = "m".repeat(32);

let work = "";

/** A tree, and another with each kind of difference to it. */
beforeEach(() => {
  work = freshFolder();
  plant(join(work, "tree"), { a: "12345", "b\nc": "1", "d/e": "678", l: "-> a", same: "s", touched: "t" });
  plant(join(work, "copy"), { a: "old", d: "a file", extra: "x", "gone/x": "", same: "s", touched: "t" });
  for (const place of ["tree/same", "copy/same", "tree/touched", "copy/touched"])
    utimesSync(join(work, place), 1000, 1000);
  utimesSync(join(work, "copy"), 2000, 2000);
  chmodSync(join(work, "tree", "touched"), 0o600);
  lutimesSync(join(work, "tree", "l"), 1000, 1000);
  writeFileSync(join(work, "token"), token, { mode: 0o600 });
  writeFileSync(join(work, "tokens"), `mirror read,write,delete ${token}`, { mode: 0o600 });
});

/** What makes a command reach a place of ours: its options, and what it calls the place. */
async function reach(way: (typeof ways)[number], place: string) {
  if (way === "a remote shell") {
    writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
    const far = ["--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
    return { options: far, place: `here:${join(work, place)}/`, log: () => [] };
  }
  const server = await listening("serve", join(work, place), "--token-file", join(work, "tokens"));
  const options = ["--token-file", join(work, "token"), ...(way === "turns" ? ["--turns"] : [])];
  const url = way === "ws" ? server.url.replace(/^http/, "ws") : server.url;
  return { options, place: url, log: () => server.lines };
}

async function run(...args: readonly string[]) {
  const { code, stdout, stderr } = await rsyncStream(args);
  const lines = stdout.toString().split("\n").filter(Boolean);
  return { code, stderr, events: lines.map((line) => JSON.parse(line) as Event) };
}

/** The events that tell of a path, without their time and their own name. */
function changesIn(events: readonly Event[], ...names: readonly string[]): Event[] {
  return events
    .filter(({ event }) => names.includes(event as string))
    .map(({ change, path, kind, size }) => ({ change, path, kind, size }));
}

function linesIn(stderr: string): string[] {
  return stderr.split("\n").filter((line) => /^(new|changed|touched|deleted) /.test(line));
}

const inOrder = (changes: readonly Event[]): string[] => changes.map((each) => JSON.stringify(each)).sort();

/** What a dry run on this machine tells. */
async function foretold(): Promise<Event[]> {
  const { stdout } = await rsyncStream(["send", `${work}/tree/`]);
  const told = await rsyncStream(["recv", "-n", "--json", "--delete", `${work}/copy`], stdout);
  const lines = told.stdout.toString().split("\n").filter(Boolean);
  return changesIn(
    lines.map((line) => JSON.parse(line) as Event),
    "change",
  );
}

describe.each(ways)("over %s", (way) => {
  it("a dry run of a push tells what it would do, and does nothing", async () => {
    const before = picture(join(work, "copy"));
    const wanted = await foretold();
    expect(wanted).toHaveLength(10);
    expect(wanted[0]).toEqual({ change: "touched", path: ".", kind: "dir", size: 0 });
    const { options, place, log } = await reach(way, "copy");
    const args = [...options, "--delete", `${work}/tree/`, place];
    const { code, stderr, events } = await run("push", "-n", "--json", ...args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(changesIn(events, "change")).toEqual(wanted);
    const changes = { new: 3, changed: 2, touched: 2, deleted: 3 };
    expect(events.at(-1)).toMatchObject({ event: "summary", action: "compared", changes, newBytes: 0 });
    const text = await run("push", "-n", ...args);
    expect(linesIn(text.stderr)).toHaveLength(10);
    expect(text.stderr).toMatch(/^compared: .* 3 new, 2 changed, 2 touched, 3 deleted, /m);
    expect(picture(join(work, "copy"))).toEqual(before);
    const sessions = log().filter((line) => line.includes('"direction":"push"'));
    for (const line of sessions) expect(JSON.parse(line)).toMatchObject({ mode: "dry-run" });
  });

  it("a dry run of a pull tells the same", async () => {
    const wanted = await foretold();
    const before = picture(join(work, "copy"));
    const { options, place } = await reach(way, "tree");
    const args = ["-n", "--json", "--delete", ...options, place, `${work}/copy`];
    const { code, events } = await run("pull", ...args);
    expect(code).toBe(0);
    expect(changesIn(events, "change")).toEqual(wanted);
    expect(picture(join(work, "copy"))).toEqual(before);
  });

  it.each(["push", "pull"])("a %s tells what it deleted, and with -v what it brought", async (command) => {
    const wanted = await foretold();
    const { options, place } = await reach(way, command === "push" ? "copy" : "tree");
    const ends = command === "push" ? [`${work}/tree/`, place] : [place, `${work}/copy`];
    const { code, events, stderr } = await run(command, "-v", "--json", "--delete", ...options, ...ends);
    expect(code, stderr).toBe(0);
    expect(inOrder(changesIn(events, "received", "deleted"))).toEqual(inOrder(wanted));
    expect(events.at(-1)).toMatchObject({ event: "summary", deletedEntries: 3 });
    expect(picture(join(work, "copy"))).toEqual(picture(join(work, "tree")));

    plant(join(work, "copy"), { extra: "x", "new/y": "" });
    const silent = await run(command, "--json", "--delete", ...options, ...ends);
    expect(changesIn(silent.events, "received")).toEqual([]);
    const deleted = [
      { change: "deleted", path: "extra", kind: "file", size: 0 },
      { change: "deleted", path: "new/y", kind: "file", size: 0 },
      { change: "deleted", path: "new", kind: "dir", size: 0 },
    ];
    expect(inOrder(changesIn(silent.events, "deleted"))).toEqual(inOrder(deleted));

    plant(join(work, "copy"), { extra: "x" });
    const told = await run(command, "-v", "--delete", ...options, ...ends);
    expect(linesIn(told.stderr)).toEqual(expect.arrayContaining(["deleted extra"]));
    expect(told.stderr).toMatch(/ 1 deleted, /);
  });
});

describe("a dry run of a push to a server", () => {
  it.each(["http", "ws"] as const)("over %s needs what the push needs", async (way) => {
    writeFileSync(join(work, "tokens"), `reader read ${token}`, { mode: 0o600 });
    const { options, place } = await reach(way, "copy");
    const refused = await run("push", "-n", ...options, `${work}/tree/`, place);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining("UNAUTHORIZED") });
    writeFileSync(join(work, "tokens"), `writer write ${token}`, { mode: 0o600 });
    const writing = await reach(way, "copy");
    expect(await run("push", "-n", ...options, `${work}/tree/`, writing.place)).toMatchObject({ code: 0 });
    const deleting = await run("push", "-n", "--delete", ...options, `${work}/tree/`, writing.place);
    expect(deleting).toMatchObject({ code: 6, stderr: expect.stringContaining("UNAUTHORIZED") });
  });

  it("tells of a place that is not there yet, and of one that cannot be", async () => {
    const { options, place } = await reach("http", "copy");
    const there = await run("push", "-n", "--json", ...options, `${work}/tree`, `${place}not-yet`);
    expect(changesIn(there.events, "change")).toHaveLength(8);
    const nowhere = await run("push", "-n", ...options, `${work}/tree`, `${place}a/b/c`);
    const inEarnest = await run("push", ...options, `${work}/tree`, `${place}a/b/c`);
    expect(nowhere.code).not.toBe(0);
    expect(nowhere).toMatchObject({ code: inEarnest.code, stderr: inEarnest.stderr });
  });
});

it("a push tells what was done although deletions are refused", async () => {
  const { options, place } = await reach("a remote shell", "copy");
  const { code, stdout } = await rsyncStream([
    ...["push", "-i", "--delete", "--max-delete=1", ...options],
    ...[`${work}/tree/`, place],
  ]);
  expect([code, stdout.toString().split("\n")]).toEqual([5, expect.arrayContaining(["cd+++++++++ d/"])]);
});
