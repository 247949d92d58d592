import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freshFolder, type Outcome, runShell } from "./run.ts";
import { noise } from "./trees.ts";
import { missing, notPosix, notRoot, unless } from "../obstacles.ts";

const isRoot = process.geteuid?.() === 0;

/** Root may do all, so the command runs as another user then. */
const asUser = isRoot ? "setpriv --reuid 65534 --regid 65534 --clear-groups" : "";

const obstacle = notPosix ?? (isRoot ? missing("setpriv") : undefined);

/**
 * A folder with `s`, what is sent, and `d`, what is there. Both are of the user who runs the
 * command.
 */
function plant(
  files: readonly string[],
  there: readonly string[],
  modes: Readonly<Record<string, number>>,
): string {
  const folder = freshFolder();
  for (const path of [...files.map((file) => `s/${file}`), ...there.map((file) => `d/${file}`)]) {
    const place = join(folder, path);
    mkdirSync(path.endsWith("/") ? place : join(place, ".."), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(place, path);
  }
  if (isRoot) execFileSync("chown", ["-R", "65534:65534", folder]);
  for (const [path, mode] of Object.entries(modes)) chmodSync(join(folder, path), mode);
  onTestFinished(() => void execFileSync("chmod", ["-R", "u+rwX", folder]));
  return folder;
}

function modeOf(folder: string, path: string): string {
  return (lstatSync(join(folder, path)).mode & 0o7777).toString(8);
}

async function receive(folder: string, options = ""): Promise<Outcome> {
  return runShell(`cd "$1" && ${asUser} $RS send s/ | ${asUser} $RS recv ${options} d`, folder);
}

unless(notPosix ?? notRoot ?? missing("setpriv")).test(
  "new directories that forbid all get their modes when all is in them, the deepest first",
  async () => {
    const folder = plant(["p/q/f", "p/g"], [], { "s/p/q": 0, "s/p": 0 });
    // Root reads them all the same.
    const { code, stderr } = await runShell(`cd "$1" && $RS send s/ | ${asUser} $RS recv d`, folder);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(["d/p", "d/p/q"].map((path) => modeOf(folder, path))).toEqual(["0", "0"]);
    expect(readFileSync(join(folder, "d/p/q/f"), "utf8")).toBe("s/p/q/f");
  },
);

unless(obstacle).describe("directories of the user that forbid to be written to", () => {
  test("what is in them is deleted", async () => {
    const folder = plant(["f"], ["mod/pkg/f.go", "mod/g"], { "d/mod/pkg": 0o555, "d/mod": 0o500 });
    const { code, stderr } = await receive(folder, "--delete");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "d"))).toEqual(["f"]);
  });

  const closed = { "d/mod/in": 0, "d/mod": 0o311, "d/none": 0, "d/w": 0o200 };

  test("so it is where they forbid to be looked into, and a dry run ends alike", async () => {
    const folder = plant(["f"], ["mod/in/g", "none/", "w/x"], closed);
    const dry = await receive(folder, "--delete -n");
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stderr).toMatch(/deleted mod\/\n(?:.*\n)*deleted none\/\n(?:.*\n)*deleted w\/\n/);
    const { code, stderr } = await receive(folder, "--delete");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "d"))).toEqual(["f"]);
  });

  test("those that stay keep their modes", async () => {
    const folder = plant(["f"], ["mod/in/g", "none/", "w/x"], closed);
    const modes = (): string[] => ["d/mod", "d/none", "d/w"].map((path) => modeOf(folder, path));
    expect((await receive(folder, "--delete --max-delete=3")).code).toBe(5);
    expect(modes()).toEqual(["311", "0", "200"]);
    const { code, stderr } = await receive(folder, "--delete --exclude x --exclude g --exclude none");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(modes()).toEqual(["311", "0", "200"]);
    expect((await receive(folder, "--delete")).code).toBe(0);
    expect(readdirSync(join(folder, "d"))).toEqual(["f"]);
  });

  test("names in them are made, replaced and deleted, and the modes are what they are at the sender", async () => {
    const folder = plant(["mod/sub/new", "mod/kept"], ["mod/kept", "mod/old"], {
      "s/mod": 0o555,
      "s/mod/sub": 0o555,
      "d/mod": 0o555,
    });
    const { code, stderr } = await receive(folder, "--delete");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "d/mod"))).toEqual(["kept", "sub"]);
    expect(readdirSync(join(folder, "d/mod/sub"))).toEqual(["new"]);
    expect([modeOf(folder, "d/mod"), modeOf(folder, "d/mod/sub")]).toEqual(["555", "555"]);
  });

  test("a file takes the place of one that cannot be looked into, as a dry run tells", async () => {
    const folder = plant(["x", "y"], ["x/in/f", "y/"], { "d/x/in": 0, "d/x": 0, "d/y": 0 });
    const dry = await receive(folder, "--delete -n");
    expect(dry.code, dry.stderr).toBe(0);
    const { code, stderr } = await receive(folder, "--delete");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const name of ["x", "y"]) expect(readFileSync(join(folder, "d", name), "utf8")).toBe(`s/${name}`);
  });

  test("the destination itself, which stays as it is at the sender", async () => {
    const folder = plant(["f"], ["old"], { s: 0o555, d: 0o555 });
    const { code, stderr } = await receive(folder, "--delete");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "d"))).toEqual(["f"]);
    expect(modeOf(folder, "d")).toBe("555");
  });

  test("a file and a directory change places", async () => {
    const folder = plant(["mod/a", "mod/b/c"], ["mod/a/c", "mod/b"], { "d/mod": 0o555, "d/mod/a": 0o555 });
    const { code, stderr } = await receive(folder, "--delete");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, "d/mod"), { recursive: true })).toEqual(["a", "b", "b/c"]);
  });

  test("a directory that cannot be looked into has the mode that was sent when too much would be deleted", async () => {
    const folder = plant(["hidden/f", "f"], ["hidden/", "x", "y"], { "d/hidden": 0o000 });
    const { code, stderr } = await receive(folder, "--delete --max-delete 1");
    expect(stderr).toMatch(/more than 1 would be deleted/);
    expect(code).not.toBe(0);
    expect(modeOf(folder, "d/hidden")).toBe(modeOf(folder, "s/hidden"));
    expect(readdirSync(join(folder, "d"))).toContain("x");
  });

  test("one gets its mode again that stays for what is in it", async () => {
    const folder = plant(["f"], ["mod/pkg/f", "mod/hidden/g"], { "d/mod/hidden": 0o000, "d/mod": 0o555 });
    const { code, stderr } = await receive(folder, "--delete --exclude hidden");
    expect(code, stderr).toBe(0);
    expect(readdirSync(join(folder, "d/mod"))).toEqual(["hidden"]);
    expect([modeOf(folder, "d/mod"), modeOf(folder, "d/mod/hidden")]).toEqual(["555", "0"]);
  });

  test("a file in one is rebuilt and fetched, by content that has to wait on disk", async () => {
    const folder = plant(["f"], ["f", "g"], { d: 0o555 });
    writeFileSync(join(folder, "s/f"), noise(20_000_000, "f"));
    const line = [
      "cd $1; set -e; $RS info s/f >i; $RS wish i >w; $RS data s/f i w >t",
      `${asUser} $RS apply i t d/f; cmp s/f d/f`,
      '$RS serve s --listen 127.0.0.1:0 >log 2>&1 & server=$!; trap "kill $server" EXIT',
      "until url=$(grep -so 'http://[0-9.:]*/' log | head -n1 | grep .); do sleep 0.1; done",
      `${asUser} $RS fetch "\${url}f" d/g; cmp s/f d/g`,
    ].join("\n");
    const { code, stderr } = await runShell(line, folder);
    expect(code, stderr).toBe(0);
    expect(readdirSync(join(folder, "d"))).toEqual(["f", "g"]);
    expect(modeOf(folder, "d")).toBe("555");
  });

  unless(notRoot).test("those of others are left as they are, and told with their path", async () => {
    const folder = plant(["f"], ["foreign/f", "g"], {});
    execFileSync("chown", ["-R", "0:0", join(folder, "d/foreign")]);
    const { code, stderr } = await receive(folder, "--delete");
    expect(code).toBe(3);
    expect(stderr).toMatch(/foreign\/f: EACCES/);
    expect(readdirSync(join(folder, "d"), { recursive: true }).sort()).toEqual(["f", "foreign", "foreign/f"]);
    expect(modeOf(folder, "d/foreign")).toBe("755");
  });
});

unless(obstacle ?? notRoot).test("--inplace writes into a file in a directory of somebody else", async () => {
  const folder = plant(["dir/file"], ["dir/file"], {});
  writeFileSync(join(folder, "s/dir/file"), "longer than it was");
  chownSync(join(folder, "d/dir"), 0, 0);
  const line = `${asUser} $RS sync --inplace --no-times "$1/s/" "$1/d"`;
  expect(await runShell(line, folder)).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, "d/dir/file"), "utf8")).toBe("longer than it was");
  expect(await runShell(line.replace("--inplace", ""), folder)).toMatchObject({ code: 0 });
  writeFileSync(join(folder, "s/dir/file"), "another one");
  expect(await runShell(line.replace("--inplace", ""), folder)).toMatchObject({ code: 3 });
});

unless(obstacle).test(
  "read-only directories of an archive are filled, five deep, before they are closed",
  async () => {
    const dirs = ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"];
    const modes = Object.fromEntries(dirs.map((dir) => [`s/${dir}`, 0o555]).reverse());
    const folder = plant([...dirs.map((dir) => `${dir}/f`), "a/b/c/d/e/empty/"], ["x"], modes);
    const line = `cd "$1" && $RS index tar t.catar s && cd d && ${asUser} $RS index untar ../t.catar new`;
    for (const run of ["first", "over what is there"]) {
      const { code, stderr } = await runShell(line, folder);
      expect({ run, code, stderr }).toMatchObject({ code: 0 });
      for (const dir of dirs) {
        expect([dir, modeOf(folder, `d/new/${dir}`)]).toEqual([dir, "555"]);
        expect(readFileSync(join(folder, `d/new/${dir}/f`), "utf8")).toBe(`s/${dir}/f`);
      }
    }
  },
);
