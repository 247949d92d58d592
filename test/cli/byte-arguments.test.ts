import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { restoreArguments } from "../../src/cli/options/restored-arguments.ts";
import { notLinux, unless } from "../obstacles.ts";
import { freshFolder, runShell } from "./run.ts";

/** A folder with `b\351/`, in it `f\376` and `g`; and a stand-in for ssh. */
function prepare(): string {
  const folder = freshFolder();
  const dir = Buffer.concat([Buffer.from(`${folder}/b`), Buffer.of(0o351)]);
  mkdirSync(dir);
  writeFileSync(Buffer.concat([dir, Buffer.from("/f"), Buffer.of(0o376)]), "x".repeat(5000));
  writeFileSync(Buffer.concat([dir, Buffer.from("/g")]), "other");
  writeFileSync(join(folder, "remote"), 'shift; exec sh -c "$*"');
  return folder;
}

const settings = ['cd "$1"', "b=$(printf 'b\\351')", "d=$(printf 'd\\377')", "f=$b/$(printf 'f\\376')"].join(
  "; ",
);

const lines = [
  'mkdir "$d"; $RS send "$b/" | $RS recv "$d"; diff -r "$b" "$d"',
  'mkdir "$d"; $RS send "$b" | $RS recv "$d"; diff -r "$b" "$d/$b"',
  '$RS send "$b/" | $RS recv -- "$d"; diff -r "$b" "$d"',
  '$RS send "$f" | $RS recv "$d"; cmp "$f" "$d"',
  'ln -s g "$b/l"; $RS send "$b/l" | $RS recv "$d"; test "$(readlink "$d")" = g',
  '$RS send "$b/" | $RS recv -n "$d" 2>&1 | grep -q "new g"; test ! -e "$d"',
  '$RS have "$b" >"$d"; $RS send "$b/" --have "$d" | $RS recv "$b"',
  '$RS send "$b/" --exclude "$(printf "f\\376")" | $RS recv "$d"; test -e "$d/g" -a ! -e "$d/$(basename "$f")"',
  'printf "f\\376\\n" >"$d.x"; $RS send "$b/" --exclude-from "$d.x" | $RS recv "$d"; test "$(ls "$d")" = g',
  '$RS info "$f" >"$d"; $RS wish "$d" >w; $RS data "$f" "$d" w >t; $RS apply "$d" t "$b/n"; cmp "$f" "$b/n"',
  '$RS info "$f" >i; $RS wish i --have "$b" >w; $RS data "$f" i w >t; $RS apply i t "$d" --have "$b"; cmp "$f" "$d"',
  '$RS chunks "$f" "$b/g" | grep -F "b\\xe9/f\\xfe"; $RS chunks --json "$f" | grep -F "b\\udce9/f\\udcfe"',
  '$RS push "$b/" "h:$PWD/$d" -e "sh remote" --remote-path "$RS"; diff -r "$b" "$d"',
  'mv remote "$d.sh"; $RS push "$b/" "h:$PWD/x" -e "sh $d.sh" --remote-path "$RS"; diff -r "$b" x',
  '$RS push "$b/" "h:$PWD/x" --delete --exclude "$d" -e "sh remote" --remote-path "$RS"; diff -r "$b" x',
  '$RS pull "h:$PWD/$b/" "$d" -e "sh remote" --remote-path "$RS"; diff -r "$b" "$d"',
  'mkdir x; >x/g; for i in 1 2; do $RS sync -b --suffix "$d" --delete "$b/" x; test -e "x/g$d" -a -s x/g; done',
  '$RS index tar "$d.catar" "$b"; $RS index untar "$d.catar" "$d"; diff -r "$b" "$d"',
];

const tellingLines = [
  '! $RS sync "$b/" x --temp-dir "$PWD/$d" 2>log; grep -F "d\\xff: there is no such directory" log',
  '$RS sync -n "$b/" x 2>&1 | grep -F "new f\\xfe"; $RS sync -v --log-file log "$b/" x 2>&1 | grep -F "new f\\xfe"; grep -F "+ f\\xfe" log',
  'ln -s "$f" l; $RS sync -ni ./ x 2>&1 --include l --exclude "*" | grep -F "l -> b\\xe9/f\\xfe"',
  'mkdir "$d"; >"$d/$d"; $RS push --delete -n --json g/ "h:$PWD/$d" --allow-empty-source -e "sh remote" --remote-path "$RS" 2>&1 | grep "d.udcff"',
  'mkdir -p "x/$(basename "$f")/y"; ! $RS push --json "$b/" "h:$PWD/x" -e "sh remote" --remote-path "$RS" >log; grep "trouble.*f.udcfe" log',
  'mkfifo "$d"; $RS pull -n --json "h:$PWD/" x -e "sh remote" --remote-path "$RS" | grep "skipped.*d.udcff"',
];

// Elsewhere names are text, or nothing tells the bytes of a command line.
unless(notLinux).describe("an argument that is not UTF-8 means its bytes", () => {
  it.each(lines)("%s", async (line) => {
    const { code, stderr } = await runShell(`${settings}; set -e; ${line}`, prepare());
    expect(code, stderr).toBe(0);
  });

  it.each(tellingLines)("and so do paths that are told: %s", async (line) => {
    const { code, stderr } = await runShell(`${settings}; set -e; mkdir g; ${line}`, prepare());
    expect(code, stderr).toBe(0);
  });

  it("so it does with a server, in its root, in URLs and in what is fetched", async () => {
    const line = [
      '$RS serve "$b" --listen 127.0.0.1:0 --json >log 2>&1 & server=$!; trap "kill $server" EXIT',
      "until url=$(grep -so 'http://[0-9.:]*/' log | head -n1 | grep .); do sleep 0.1; done",
      '$RS push "$b/" "${url}$d/"; diff "$b/g" "$b/$d/g"',
      '$RS pull "${url}$d" "$d"; diff -r "$b/$d" "$d/$d"',
      '$RS fetch "${url}$(basename "$f")" "$d/$b"; cmp "$f" "$d/$b"',
      'RSYNC_STREAM_TOKEN= $RS fetch "${url}g" "$d/$b" --have "$b"; cmp "$b/g" "$d/$b"',
    ].join("\n");
    const { code, stderr } = await runShell(`${settings}; set -e; ${line}`, prepare());
    expect(code, stderr).toBe(0);
  });

  it("so it does where a relay asks a host for a place", async () => {
    const line = [
      '$RS relay "h:$PWD" -e "sh remote" --remote-path "$RS" --listen 127.0.0.1:0 --json >log 2>&1 & relay=$!',
      'trap "kill $relay" EXIT',
      "until url=$(grep -so 'http://[0-9.:]*/' log | head -n1 | grep .); do sleep 0.1; done",
      '$RS pull "$url$b/" "$d"; diff -r "$b" "$d"',
    ].join("\n");
    const { code, stderr } = await runShell(`${settings}; set -e; ${line}`, prepare());
    expect(code, stderr).toBe(0);
  });

  it("what fails is told with the bytes as numbers", async () => {
    const { code, stderr } = await runShell(`${settings}; $RS send "$d"`, prepare());
    expect(stderr).toBe("rsync-stream: d\\xff: no such file or directory (NOT_FOUND)\n");
    expect(code).toBe(1);
  });

  it("a host is no bytes, nor is the directory of a store", async () => {
    const host = await runShell(`${settings}; $RS push "$b" "$d:x"`, prepare());
    expect(host).toMatchObject({ code: 2, stderr: expect.stringContaining("not a host: d\\xff") });
    const store = await runShell(`${settings}; $RS relay h:x --store "$d"`, prepare());
    expect(store).toMatchObject({ code: 2, stderr: expect.stringContaining("--store") });
    const chunks = await runShell(`${settings}; $RS sync "$b/" x --store "$d"`, prepare());
    expect(chunks).toMatchObject({ code: 2, stderr: expect.stringMatching(/d\\xff: .*name in UTF-8/) });
  });

  it("a name with a true U+FFFD is a name like others", async () => {
    const folder = freshFolder();
    mkdirSync(join(folder, "\uFFFD"));
    const line = '$RS send "$1/" | $RS recv "$2"; diff -r "$1" "$2"';
    const { code, stderr } = await runShell(`set -e; ${line}`, `${folder}/\uFFFD`, `${folder}/d`);
    expect(code, stderr).toBe(0);
  });
});

it("where the bytes cannot be had, whatever may have been garbled is refused", () => {
  expect(() => restoreArguments(["a", "\uFFFD"], () => undefined)).toThrow(/is not UTF-8/);
  expect(restoreArguments(["a", "é"], () => undefined)).toEqual(["a", "é"]);
  expect(() => restoreArguments(["b\uFFFD"], () => [Buffer.from("other")])).toThrow(/is not UTF-8/);
});

it("bytes are taken from the argument at the same place", () => {
  const raw = ["node", "x.js", "\xef\xbf\xbd", "b\xe9"].map((text) => Buffer.from(text, "latin1"));
  expect(restoreArguments(["\uFFFD", "b\uFFFD"], () => raw)).toEqual(["\uFFFD", "b\udce9"]);
});
