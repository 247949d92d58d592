import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SyncError } from "../../src/errors.ts";
import { encodeError } from "../../src/session/closing.ts";
import { FrameReader, FrameWriter, preamble } from "../../src/session/frame.ts";
import { builtCli } from "../built.ts";
import { decodeHello } from "../../src/session/hello.ts";
import { firstNumber, freshFolder, outcomeOf, rsyncStream, runShell, shell, waitUntil } from "./run.ts";
import { noise, partsIn, picture, plant } from "./trees.ts";
import { noFullDevice, noMounting, unless } from "../obstacles.ts";

const oneWay = '$RS send "$1" | $RS recv "$2"';
const bothWays = 'mkfifo "$3"; $RS send --duplex "$1" < "$3" | $RS recv --duplex "$2" > "$3"';

/** A small tree of everything. */
function makeTree(folder: string) {
  const root = join(folder, "tree");
  plant(root, {
    "a.txt": "one",
    empty: "",
    "big.bin": noise(2_000_000, "big"),
    "sub/deeper/b.txt": "two",
    "sub/link": "-> deeper/b.txt",
    "sub/ü \u001b[31m": "three",
  });
  mkdirSync(join(root, "hollow"));
  return root;
}

async function sync(line: string, from: string, to: string, folder: string) {
  const outcome = await runShell(line, from, to, join(folder, `pipe-${Math.random()}`));
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

describe.each([
  ["one way", oneWay],
  ["both ways", bothWays],
])("%s", (_, line) => {
  it("copies a tree exactly, and then what has changed", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const copy = join(folder, "copy");
    await sync(line, `${tree}/`, copy, folder);
    expect(picture(copy)).toEqual(picture(tree));
    appendFileSync(join(tree, "big.bin"), "more");
    plant(tree, { "late/c.txt": "four" });
    const { stderr } = await sync(line, `${tree}/`, copy, folder);
    expect(picture(copy)).toEqual(picture(tree));
    if (line === bothWays) expect(stderr).toMatch(/^received: .*, [\d.]+ MB reused/m);
  });

  it.each([
    ["tree", "copy", "copy/tree/a.txt"],
    ["tree", "copy/", "copy/tree/a.txt"],
    ["tree/", "copy", "copy/a.txt"],
    ["tree/", "copy/", "copy/a.txt"],
    ["tree/.", "copy", "copy/a.txt"],
    ["tree/a.txt", "copy", "copy"],
    ["tree/a.txt", "copy/", "copy/a.txt"],
    ["tree/a.txt", "there", "there/a.txt"],
    ["tree", "there", "there/tree/a.txt"],
  ])("sends %s to %s as rsync would: %s", async (from, to, result) => {
    const folder = freshFolder();
    plant(folder, { "tree/a.txt": "one" });
    mkdirSync(join(folder, "there"));
    await sync(line, `${folder}/${from}`, `${folder}/${to}`, folder);
    expect(readFileSync(join(folder, result), "utf8")).toBe("one");
  });

  it("leaves the directory of the unfinished out of the result", async () => {
    const folder = freshFolder();
    const copy = join(folder, "copy");
    await sync(line, `${makeTree(folder)}/`, copy, folder);
    expect(readdirSync(copy)).not.toContain(".rsync-stream");
  });
});

it("compresses when asked to", async () => {
  const folder = freshFolder();
  plant(folder, { text: "all work and no play ".repeat(100_000) });
  const plain = await rsyncStream(["send", join(folder, "text")]);
  const small = await rsyncStream(["send", "-z", join(folder, "text")]);
  expect(small.stdout.length).toBeLessThan(plain.stdout.length / 10);
  const { code } = await rsyncStream(["recv", join(folder, "copy")], small.stdout);
  expect(code).toBe(0);
  expect(readFileSync(join(folder, "copy")).equals(readFileSync(join(folder, "text")))).toBe(true);
});

/** What the chunks of a stream are named by. */
function digestIn(stream: Uint8Array): string {
  const [hello] = new FrameReader().read(stream);
  return decodeHello(hello!.payload, "sender").digest;
}

describe("the digest of a one-way stream", () => {
  it.each(["sha-256", "blake3"])("is the one that was asked for: %s", async (name) => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const stream = await rsyncStream(["send", "--digest", name, `${tree}/`]);
    expect(digestIn(stream.stdout)).toBe(name);
    const { code } = await rsyncStream(["recv", join(folder, "copy")], stream.stdout);
    expect(code).toBe(0);
    expect(picture(join(folder, "copy"))).toEqual(picture(tree));
  });

  it("is the one of the list that content is left out by", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const list = await keep(folder, (await rsyncStream(["have", tree])).stdout);
    const stream = await rsyncStream(["send", "--have", list, tree]);
    expect(digestIn(stream.stdout)).toBe("sha-256");
  });
});

describe("have and send --have", () => {
  it("leave out what the other end has", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    await sync(oneWay, `${tree}/`, join(folder, "copy"), folder);
    plant(tree, { "d.txt": "new" });
    const line = '$RS send --have <($RS have "$2") "$1" > "$3" && $RS recv "$2" < "$3"';
    await sync(line, `${tree}/`, join(folder, "copy"), folder);
    expect(picture(join(folder, "copy"))).toEqual(picture(tree));
    const list = await rsyncStream(["have", join(folder, "copy")]);
    const stream = await runShell('$RS send --have - "$1" < "$2"', tree, await keep(folder, list.stdout));
    expect(stream.stdout.length).toBeLessThan(100_000);
  });

  it("refuse a stream that is no list, and a list that is cut off", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const stream = await rsyncStream(["send", tree]);
    const list = await rsyncStream(["have", tree]);
    const send = async (bytes: Buffer) => {
      const { code, stderr } = await rsyncStream(["send", tree, "--have", await keep(folder, bytes)]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/: \/.*: this is no list that `have` wrote: /);
      return stderr;
    };
    expect(await send(stream.stdout)).toContain("(UNSUPPORTED)");
    expect(await send(list.stdout.subarray(0, -1))).toContain("(TRUNCATED)");
    expect(await send(Buffer.from("hello"))).toContain("(BAD_FRAME)");
    const { code, stderr } = await rsyncStream(["recv", join(folder, "copy")], list.stdout);
    expect(stderr).toMatch(/\([A-Z_]+\)\n$/);
    expect(code).toBeGreaterThan(0);
  });
});

async function keep(folder: string, bytes: Buffer): Promise<string> {
  const name = `kept-${Math.random()}`;
  plant(folder, { [name]: bytes });
  return join(folder, name);
}

describe("reports", () => {
  it("are lines of JSON when asked for, on standard output when that is free", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const sent = await rsyncStream(["send", "--json", tree]);
    const received = await rsyncStream(["recv", "--json", join(folder, "copy")], sent.stdout);
    const last = (text: string) => JSON.parse(text.trim().split("\n").at(-1)!) as Record<string, unknown>;
    expect(last(sent.stderr)).toMatchObject({ event: "summary", action: "sent", entries: 10 });
    expect(last(received.stdout.toString())).toMatchObject({ event: "summary", action: "received" });
    expect(last(received.stdout.toString())["digest"]).toBe(last(sent.stderr)["digest"]);
    expect(received.stderr).toBe("");
  });

  it("are none when quiet", async () => {
    const folder = freshFolder();
    const sent = await rsyncStream(["send", "-q", makeTree(folder)]);
    const received = await rsyncStream(["recv", "-q", join(folder, "copy")], sent.stdout);
    expect([sent.stderr, received.stderr, received.stdout.toString()]).toEqual(["", "", ""]);
  });
});

describe("a stream that is not whole", () => {
  it.each([0, 1, 7, 100, 500_000])("ends in an error after %d bytes", async (length) => {
    const folder = freshFolder();
    const { stdout } = await rsyncStream(["send", `${makeTree(folder)}/`]);
    const { code, stderr } = await rsyncStream(["recv", join(folder, "copy")], stdout.subarray(0, length));
    expect(stderr).toMatch(/^rsync-stream: .* \((TRUNCATED|PEER_GONE)\)\n$/);
    expect(code).toBe(1);
  });

  it("is noticed to be another program's", async () => {
    const folder = freshFolder();
    const { code, stderr } = await rsyncStream(
      ["recv", join(folder, "copy")],
      Buffer.from("Welcome to host!\n"),
    );
    expect(stderr).toContain("(BAD_FRAME)");
    expect(code).toBe(1);
    expect(existsSync(join(folder, "copy"))).toBe(false);
  });
});

describe("an output that takes no more", () => {
  it("ends send with one line when the reader leaves", async () => {
    const folder = freshFolder();
    plant(folder, { big: noise(8_000_000, "big") });
    const { code, stderr } = await runShell('$RS send "$1" | head -c 10 > /dev/null', folder);
    expect(stderr).toMatch(/^rsync-stream: .* \(PEER_GONE\)\n$/);
    expect(code).toBe(1);
  });

  unless(noFullDevice).test.each(["send", "have", "info", "chunks"])(
    "ends %s with one line when the disk is full",
    async (name) => {
      const folder = freshFolder();
      plant(folder, { big: noise(100_000, "big") });
      const { code, stderr } = await runShell('$RS $1 "$2" > /dev/full', name, join(folder, "big"));
      expect(stderr).toMatch(/^rsync-stream: .*ENOSPC.* \(\w+\)\n$/);
      expect(code).toBe(1);
    },
  );

  unless(noMounting()).test("leaves the old files in place when the disk of recv is full", async () => {
    const folder = freshFolder();
    plant(folder, { "tree/small": "new", "tree/zz-large": noise(3_000_000, "large") });
    mkdirSync(join(folder, "disk"));
    const line =
      'mount -t tmpfs -o size=1m none "$1/disk" && echo -n old > "$1/disk/zz-large"; ' +
      '$RS send -q "$1/tree/" | $RS recv "$1/disk"; code=$?; cat "$1/disk/zz-large"; umount "$1/disk"; exit $code';
    const { code, stdout, stderr } = await runShell(line, folder);
    expect(stderr).toContain("(NO_SPACE)");
    expect(code).toBe(1);
    expect(stdout.toString()).toBe("old");
  });
});

it("pareco 1: finishes the rest when some entries fail, and says which", async () => {
  const folder = freshFolder();
  const tree = makeTree(folder);
  const { code, stderr } = await runShell(
    'ln -s nowhere "$1/li\nnk"; $RS send -L "$1/" | $RS recv "$2" 2>/dev/null; exit ${PIPESTATUS[0]}',
    tree,
    join(folder, "copy"),
  );
  expect(stderr).toContain("li\\x0ank: a link leads nowhere (IO)");
  expect(stderr).toContain("all is done but for one entry (PARTIAL)");
  expect(code).toBe(3);
  expect(readFileSync(join(folder, "copy", "a.txt"), "utf8")).toBe("one");
});

it.each(["sync", "push", "pull"] as const)(
  "%s skips what is no regular file, as rsync does",
  async (command) => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const copy = join(folder, "copy");
    writeFileSync(join(folder, "far"), 'shift; exec sh -c "$*"');
    execFileSync("mkfifo", [join(tree, "pi\npe")]);
    const far = ["-e", `sh ${join(folder, "far")}`, "--remote-path", `${process.execPath} ${builtCli()}`];
    const places = { sync: [`${tree}/`, copy], push: [`${tree}/`, `h:${copy}`], pull: [`h:${tree}/`, copy] };
    const run = [command, "--remove-source-files", ...(command === "sync" ? [] : far), ...places[command]];
    const { code, stderr } = await rsyncStream(run);
    expect(stderr).toMatch(/pi(?:\\x0a|\?)pe: skipping non-regular file \(SKIPPED\)/);
    expect([code, stderr]).toEqual([0, expect.stringContaining(" 1 skipped, ")]);
    const left = readdirSync(tree, { recursive: true, withFileTypes: true });
    expect(left.filter((one) => !one.isDirectory()).map(({ name }) => name)).toEqual(["pi\npe"]);
  },
);

it("fails at both ends, for the same reason, when there is no place for the destination", async () => {
  const folder = freshFolder();
  plant(folder, { "tree/a": "one" });
  const line =
    'mkfifo "$1/pipe"; $RS send --duplex "$1/tree/" < "$1/pipe" | $RS recv --duplex "$1/no/where" > "$1/pipe"; ' +
    "echo ${PIPESTATUS[*]}";
  const { stdout, stderr } = await runShell(line, folder);
  expect(stdout.toString()).toBe("1 1\n");
  expect(stderr).toMatch(
    /^rsync-stream: .*where: the directory around the destination does not exist; --mkpath makes it \(NOT_FOUND\)$/m,
  );
  expect(stderr).toMatch(/^rsync-stream: other end: .*does not exist; --mkpath makes it \(NOT_FOUND\)$/m);
});

it("takes nothing for done that the other end says", async () => {
  const folder = freshFolder();
  const writer = new FrameWriter();
  const partial = encodeError(new SyncError("PARTIAL", "nearly"));
  const stream = Buffer.concat([preamble, ...writer.write("ERROR", partial, "none")]);
  const { code, stderr } = await rsyncStream(["recv", join(folder, "copy")], stream);
  expect(stderr).toBe("rsync-stream: other end: nearly (PARTIAL)\n");
  expect(code).toBe(1);
});

describe("an interrupt", () => {
  it.each(["SIGINT", "SIGTERM"])("%s ends recv, and the next run uses what came", async (name) => {
    const folder = freshFolder();
    const tree = join(folder, "tree");
    plant(tree, { "big.bin": noise(6_000_000, "big") });
    const copy = join(folder, "copy");
    const stream = (await rsyncStream(["send", `${tree}/`])).stdout;
    plant(folder, { part: stream.subarray(0, 4_000_000) });
    // Its input goes on for an hour, unless it ends first.
    const line =
      'exec 3< <(cat "$1"; exec sleep 3600 2>/dev/null); feed=$!; $RS recv "$2" <&3 & echo $!; wait $!; code=$?; kill $feed; exit $code';
    const child = shell(line, join(folder, "part"), copy);
    const ended = outcomeOf(child);
    const pid = await firstNumber(child);
    await waitUntil(() => partsIn(copy) > 3_000_000);
    process.kill(pid, name);
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/^rsync-stream: interrupted by SIG\w+ \(ABORTED\)\n$/);
    expect(code).toBe(130);
    expect(existsSync(join(copy, "big.bin"))).toBe(false);
    const again = await sync(bothWays, `${tree}/`, copy, folder);
    expect(picture(copy)).toEqual(picture(tree));
    expect(again.stderr).toMatch(/received: .* [3-6]\.\d+ MB reused/);
  });
});

it("gives up on a silent peer when told to", async () => {
  const folder = freshFolder();
  const line =
    'exec 3< <(exec sleep 3600 2>/dev/null); feed=$!; $RS recv --timeout 1 "$1/copy" <&3; code=$?; kill $feed; exit $code';
  const { code, stderr } = await runShell(line, folder);
  expect(stderr).toMatch(/^rsync-stream: .* \(STALLED\)\n$/);
  expect(code).toBe(1);
});

describe("--dry-run", () => {
  it("tells what would become of the destination, and leaves it alone", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    plant(join(folder, "copy"), { "old/file": "x", kept: "y" });
    const before = picture(join(folder, "copy"));
    const line = '$RS send "$1/" | $RS recv --dry-run --delete "$2"';
    const { code, stderr } = await runShell(line, tree, join(folder, "copy"));
    expect(code).toBe(0);
    expect(stderr).toContain("deleted old/\ndeleted old/file\n");
    expect(stderr).toMatch(/^compared: .* \d+ new, 0 changed, 1 touched, 3 deleted, /m);
    expect(picture(join(folder, "copy"))).toEqual(before);
    const told = stderr.split("\n").filter((text) => text.startsWith("new ")).length;
    expect(told).toBe(picture(tree).length);
  });

  it("says nothing of a copy that is up to date", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    await runShell('$RS send "$1/" | $RS recv "$2"', tree, join(folder, "copy"));
    const again = await runShell('$RS send "$1/" | $RS recv -n --json "$2"', tree, join(folder, "copy"));
    expect(again.stdout.toString()).not.toContain('"event":"change"');
    expect(again.stdout.toString()).toContain('"action":"compared"');
  });

  it("is told by the other end of a push", async () => {
    const folder = freshFolder();
    const tree = makeTree(folder);
    const args = ["push", "-n", "--remote-path", `${process.execPath} ${builtCli()}`, `${tree}/`];
    const shell = await keep(folder, Buffer.from('shift; exec sh -c "$*"'));
    const { code, stderr } = await rsyncStream([...args, "-e", `sh ${shell}`, `here:${folder}/copy`]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^compared: /m);
    expect(existsSync(join(folder, "copy"))).toBe(false);
  });
});

describe("what was done", () => {
  it("is told by path, as it was foretold", async () => {
    const folder = freshFolder();
    plant(join(folder, "tree"), { a: "12345", "d/e": "678", l: "-> a" });
    plant(join(folder, "copy"), { extra: "x", "gone/x": "", a: "old" });
    const line = '$RS send "$1/tree/" | $RS recv --delete $2 "$1/copy"';
    const lines = async (...flags: readonly string[]): Promise<string[]> => {
      const { code, stderr } = await runShell(line.replace("$2", flags.join(" ")), folder);
      expect(code, stderr).toBe(0);
      return stderr.split("\n").filter((text) => /^(new|changed|touched|deleted) /.test(text));
    };
    const foretold = await lines("-n");
    expect(foretold).toHaveLength(7);
    expect((await lines("-v")).sort()).toEqual(foretold.sort());
    expect(await lines("-v")).toEqual([]);
  });

  it("says in events what it deleted, and its sender how much that was", async () => {
    const folder = freshFolder();
    plant(join(folder, "tree"), { a: "1" });
    plant(join(folder, "copy"), { "d/x": "" });
    const stream = await rsyncStream(["send", `${folder}/tree/`]);
    const { stdout } = await rsyncStream(["recv", "--delete", "--json", join(folder, "copy")], stream.stdout);
    const events = stdout.toString().split("\n").filter(Boolean);
    const deleted = events.map((text) => JSON.parse(text) as object).filter((each) => "change" in each);
    expect(deleted).toMatchObject([
      { event: "deleted", path: "d/x", kind: "file" },
      { event: "deleted", path: "d", kind: "dir" },
    ]);
    plant(join(folder, "copy"), { b: "", c: "" });
    const shell = await keep(folder, Buffer.from('shift; exec sh -c "$*"'));
    const far = ["--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${shell}`, "--delete"];
    const pushed = await rsyncStream(["push", ...far, `${folder}/tree/`, `here:${folder}/copy`]);
    expect(pushed.stderr).toMatch(/^sent: .* 2 deleted, /m);
  });
});

describe("the other end of a remote shell", () => {
  /** A push or pull through a stand-in for ssh that says something first. */
  async function through(first: string, ...args: readonly string[]) {
    const shell = await keep(freshFolder(), Buffer.from(`shift; ${first} exec sh -c "$*"`));
    const [command = "", ...rest] = args;
    const far = ["--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${shell}`];
    const { code, stdout, stderr } = await rsyncStream([command, ...far, ...rest]);
    const events = stdout.toString().split("\n").filter(Boolean);
    return { code, stderr, events: events.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  it("tells a program what it would do in events, with their bytes, and nothing else", async () => {
    const folder = freshFolder();
    plant(join(folder, "tree"), { "a\nb": "12345", "d/e": "678", l: "-> a" });
    plant(join(folder, "copy"), { extra: "x", d: "a file" });
    const args = ["push", "-n", "--delete", "--json", `${folder}/tree/`, `here:${folder}/copy`];
    const { code, stderr, events } = await through("echo Hello there >&2;", ...args);
    expect([code, stderr]).toEqual([0, ""]);
    const changes = events.filter(({ event }) => event === "change");
    expect(changes.map(({ change, path }) => `${String(change)} ${String(path)}`)).toEqual([
      "new a\nb",
      "changed d",
      "new d/e",
      "new l",
      "deleted extra",
    ]);
    expect(events.filter(({ event }) => event === "summary")).toMatchObject([
      { action: "compared", changes: { new: 3, changed: 1, touched: 0, deleted: 1 }, changedBytes: 8 },
    ]);
    expect(events.filter(({ event }) => event === "notice")).toMatchObject([{ message: /: Hello there$/ }]);
  });

  it.each([
    ["push", "-n"],
    ["push", "--json"],
    ["push", "-q"],
    ["push", "-v"],
  ])("has its failure told once: %s %s", async (command, flag) => {
    const folder = freshFolder();
    plant(join(folder, "tree"), { a: "1" });
    plant(join(folder, "copy"), { b: "", c: "" });
    const limit = ["--delete", "--max-delete", "1"];
    const { code, stderr, events } = await through(
      "",
      command,
      flag,
      ...limit,
      `${folder}/tree/`,
      `here:${folder}/copy`,
    );
    expect(code).toBe(5);
    const told = stderr + events.map((event) => JSON.stringify(event)).join("\n");
    expect(told.match(/would be deleted/g)).toHaveLength(1);
  });

  it("says why no session comes about, once, also when nothing else may be said", async () => {
    const folder = freshFolder();
    const { stderr } = await through("", "pull", "-q", `here:${folder}/absent`, `${folder}/copy`);
    expect(stderr.match(/absent/g)).toHaveLength(1);
    const refused = await through("echo Permission denied >&2; exit 255;", "pull", "-q", "here:a", folder);
    expect(refused.stderr.match(/Permission denied/g)).toHaveLength(1);
  });

  it("is quiet when nothing may be said but failures", async () => {
    const folder = freshFolder();
    plant(join(folder, "tree"), { a: "1" });
    const args = ["push", "-q", `${folder}/tree/`, `here:${folder}/copy`];
    expect(await through("echo Hello >&2;", ...args)).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("--exclude", () => {
  const files = {
    "src/a.c": "a",
    "src/a.o": "o",
    "it's/deep/a.o": "o",
    "it's/deep/b": "b",
    node_modules: "",
  };

  it("leaves out at the sender, here or at the other end", async () => {
    const folder = freshFolder();
    const tree = join(folder, "tree");
    plant(tree, files);
    const patterns = ["--exclude", "*.o", "--exclude=/it's/deep/b", "--exclude", "node_modules"];
    const shell = await keep(folder, Buffer.from('shift; exec sh -c "$*"'));
    const far = ["-e", `sh ${shell}`, "--remote-path", `${process.execPath} ${builtCli()}`, ...patterns];
    const [pushed, pulled, sent] = ["pushed", "pulled", "sent"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const args of [
      ["push", ...far, `${tree}/`, `here:${pushed}`],
      ["pull", ...far, `here:${tree}/`, pulled],
    ]) {
      const { code, stderr } = await rsyncStream(args);
      expect(code, stderr).toBe(0);
    }
    const stream = await rsyncStream(["send", ...patterns, `${tree}/`]);
    expect((await rsyncStream(["recv", sent], stream.stdout)).code).toBe(0);
    for (const copy of [pushed, pulled, sent]) {
      expect(readdirSync(copy, { recursive: true }).sort()).toEqual(["it's", "it's/deep", "src", "src/a.c"]);
    }
  });

  it("tells the other end what it has to hide or to spare", async () => {
    const folder = freshFolder();
    const [here, there] = [join(folder, "here"), join(folder, "there")];
    const rules = { ".rsync-filter": "- *.o\nP it's\n" };
    plant(here, { ...rules, a: "", "a.o": "", "sub/b.o": "", hid: "" });
    plant(there, { ...rules, "c.o": "", "it's": "", old: "", hid: "" });
    const shell = await keep(folder, Buffer.from('shift; exec sh -c "$*"'));
    const far = ["-e", `sh ${shell}`, "--remote-path", `${process.execPath} ${builtCli()}`];
    const filters = ["-FF", "-f", "H /hid", "--delete"];
    const pushed = await rsyncStream(["push", ...far, ...filters, `${here}/`, `host:${there}`]);
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(readdirSync(there).sort()).toEqual([".rsync-filter", "a", "c.o", "it's", "sub"]);
    const pulled = await rsyncStream(["pull", ...far, "-C", "--delete-excluded", `host:${there}/`, here]);
    expect(pulled.code, pulled.stderr).toBe(0);
    expect(readdirSync(here).sort()).toEqual([".rsync-filter", "a", "it's", "sub"]);
  });
});
