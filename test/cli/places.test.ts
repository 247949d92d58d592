import fs from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dirShare } from "../../src/http/dir-share.node.ts";
import { builtCli } from "../built.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { plant } from "./trees.ts";

/** A folder, and the words that reach this machine as another one, by a shell of its own. */
function workplace(): { readonly work: string; readonly far: readonly string[] } {
  const work = freshFolder();
  fs.writeFileSync(join(work, "shell"), 'shift; exec sh -c "$*"');
  const program = `${process.execPath} ${builtCli()}`;
  return { work, far: ["-q", "--remote-path", program, "-e", `sh ${join(work, "shell")}`] };
}

const read = (...names: string[]): string => fs.readFileSync(join(...names), "utf8");

it.each(["push", "pull"])(
  "a %s keeps backups, and links to files in another directory",
  async (direction) => {
    const { work, far } = workplace();
    const [from, to, other] = [join(work, "from"), join(work, "to"), join(work, "other")];
    plant(from, { a: "new content", same: "1" });
    plant(to, { a: "old", gone: "gone" });
    fs.mkdirSync(other);
    fs.cpSync(join(from, "same"), join(other, "same"));
    for (const dir of [from, other]) fs.utimesSync(join(dir, "same"), 1000, 1000);
    const places = direction === "push" ? [`${from}/`, `h:${to}`] : [`h:${from}/`, to];
    const asked = ["--delete", "--backup-dir=../kept \udcff", "--suffix=.1", "--link-dest=../other"];
    const { code, stderr } = await rsyncStream([direction, ...places, ...asked, ...far]);
    expect(code, stderr).toBe(0);
    expect(fs.readdirSync(to)).toEqual(["a", "same"]);
    const kept = fs.readdirSync(work).find((name) => name.startsWith("kept"))!;
    expect([read(work, kept, "a.1"), read(work, kept, "gone.1")]).toEqual(["old", "gone"]);
    expect(fs.statSync(join(to, "same")).ino).toBe(fs.statSync(join(other, "same")).ino);
  },
);

it("options about backups that go against each other are refused", async () => {
  const { work } = workplace();
  for (const args of [["--suffix=x"], ["--backup", "--suffix="], ["--link-dest=a", "--copy-dest=b"]]) {
    const { code, stderr } = await rsyncStream(["recv", join(work, "to"), ...args], await sentTree(work));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/suffix|one kind/)]);
  }
});

async function sentTree(work: string): Promise<Buffer> {
  plant(join(work, "from"), { a: "1" });
  return (await rsyncStream(["send", "-q", `${join(work, "from")}/`])).stdout;
}

it("a server keeps backups below the place that is pushed to, and nowhere else", async () => {
  const { work } = workplace();
  const share = dirShare(work);
  const path = { components: [Buffer.from("to")], contents: true };
  for (const order of [{ backupDir: "../x" }, { linkDest: ["/"] }, { copyDest: ["a/../../b"] }]) {
    await expect(share.openTarget!(path, { order })).rejects.toMatchObject({ code: "PATH" });
    await expect(share.openPreview!(path, { order })).rejects.toMatchObject({ code: "PATH" });
  }
  const target = await share.openTarget!(path, { order: { backupDir: "kept", linkDest: ["a"] } });
  await target.close();
  await share.close!();
});

it.each(["push", "pull", "send"])("%s sends the paths that a file names, and no others", async (command) => {
  const { work, far } = workplace();
  const [from, to, list] = [join(work, "from"), join(work, "to"), join(work, "list")];
  plant(from, { a: "1", "d/b": "2", "d/c": "3", "e/f": "4" });
  fs.chmodSync(from, 0o700);
  fs.mkdirSync(to);
  fs.chmodSync(to, 0o755);
  fs.writeFileSync(list, "d/b\n# a\n/e\n");
  const run = (...args: string[]) => rsyncStream([command, ...args, "--files-from", list]);
  if (command === "send") {
    const { stdout } = await run(from, "-q");
    await rsyncStream(["recv", "-q", to], stdout);
  } else {
    const places = command === "push" ? [from, `h:${to}`] : [`h:${from}`, to];
    const { code, stderr } = await run(...places, ...far);
    expect(code, stderr).toBe(0);
    expect((await run(...places, ...far, "--delete")).stderr).toContain("--delete does not go with");
  }
  expect(fs.readdirSync(to, { recursive: true }).sort()).toEqual(["d", "d/b", "e"]);
  expect(fs.statSync(to).mode & 0o7777).toBe(0o755);
});

it("a push keeps the directories that SRC names, and follows links", async () => {
  const { work, far } = workplace();
  const to = join(work, "to");
  plant(join(work, "from"), { "d/b": "2", "d/c/x": "3" });
  fs.symlinkSync("b", join(work, "from/d/link"));
  const args = ["push", "-R", "-L", `${work}/./from/d/`, `h:${to}`, ...far];
  const { code, stderr } = await rsyncStream(args);
  expect(code, stderr).toBe(0);
  expect(fs.readdirSync(to, { recursive: true }).sort()).toEqual(
    ["from", "from/d", "from/d/b", "from/d/c", "from/d/c/x", "from/d/link"].sort(),
  );
  expect(fs.lstatSync(join(to, "from/d/link")).isFile()).toBe(true);
});

it("an empty source deletes nothing unless that is asked for", async () => {
  const { work, far } = workplace();
  const [from, to] = [join(work, "from"), join(work, "to")];
  fs.mkdirSync(from);
  plant(to, { a: "1" });
  const args = ["push", `${from}/`, `h:${to}`, "--delete-after", ...far];
  const { code, stderr } = await rsyncStream(args);
  expect([code, stderr]).toEqual([5, expect.stringContaining("--allow-empty-source")]);
  expect(fs.readdirSync(to)).toEqual(["a"]);
  expect((await rsyncStream([...args, "--allow-empty-source"])).code).toBe(0);
  expect(fs.readdirSync(to)).toEqual([]);
});

it.each(["push", "pull"])("a %s removes what it has sent, when all has arrived", async (direction) => {
  const { work, far } = workplace();
  const [from, to] = [join(work, "from"), join(work, "new/deep/to")];
  plant(from, { a: "1", "d/b": "2" });
  fs.symlinkSync("a", join(from, "link"));
  const places = direction === "push" ? [`${from}/`, `h:${to}`] : [`h:${from}/`, to];
  const args = [direction, ...places, "--remove-source-files", "--mkpath", ...far];
  expect((await rsyncStream([...args, "-n"])).code).toBe(0);
  expect(fs.existsSync(join(work, "new"))).toBe(false);
  const refused = await rsyncStream([...args, "--max-size=1"]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("leaves files out")]);
  expect(fs.readdirSync(from)).toEqual(["a", "d", "link"]);
  // A directory is in the way of a file, so not all of it arrives.
  fs.writeFileSync(join(from, "d/\n"), "");
  fs.mkdirSync(join(work, "new/deep/to/d/\n/x"), { recursive: true });
  expect((await rsyncStream(args)).code).toBe(3);
  expect(fs.readdirSync(from)).toEqual(["a", "d", "link"]);
  fs.rmSync(join(work, "new/deep/to/d/\n"), { recursive: true });
  const { code, stderr } = await rsyncStream(args);
  expect(code, stderr).toBe(0);
  expect(fs.readdirSync(from, { recursive: true })).toEqual(["d"]);
  expect(fs.readdirSync(to, { recursive: true }).sort()).toEqual(["a", "d", "d/\n", "d/b", "link"]);
});

it.each(["push", "pull"])("a %s to SRC itself removes nothing", async (direction) => {
  const { work, far } = workplace();
  const from = join(work, "from");
  plant(from, { a: "1" });
  const places = direction === "push" ? [`${from}/`, `h:${from}`] : [`h:${from}/`, from];
  const { code, stderr } = await rsyncStream([direction, ...places, "--remove-source-files", ...far]);
  expect([code, stderr]).toEqual([expect.toBeOneOf([1, 2]), expect.stringContaining("it is in SRC")]);
  expect(read(from, "a")).toBe("1");
});

it("what leaves SRC is not deleted from DST by the next run", async () => {
  const { code, stderr } = await rsyncStream(["sync", "--remove-source-files", "--delete", "a/", "b"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("the next run would delete")]);
});
