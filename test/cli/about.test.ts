import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { missing, unless } from "../obstacles.ts";
import { freshFolder, rsyncStream, runShell } from "./run.ts";

/** What a shell prints for a line, without a word on standard error. */
function ask(shell: string, line: string): string[] {
  const { stdout, stderr } = spawnSync(shell, ["-c", line], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

async function scriptFor(shell: string): Promise<string> {
  const { stdout, code } = await rsyncStream(["completion", shell]);
  expect(code).toBe(0);
  const path = join(freshFolder(), "script");
  writeFileSync(path, stdout);
  return path;
}

unless(missing("bash")).test("bash completes commands and options, and leaves paths to itself", async () => {
  const script = await scriptFor("bash");
  const complete = (line: string) => {
    const words = line.split(" ");
    const set = `COMP_WORDS=(${line.endsWith(" ") ? `${line}""` : line}); COMP_CWORD=${words.length - 1}`;
    return ask("bash", `source ${script}; ${set}; _rsync_stream; printf '%s\\n' "\${COMPREPLY[@]}"`);
  };
  expect(complete("rsync-stream pu")).toEqual(["push", "pull"]);
  expect(complete("rsync-stream index ")).toContain("extract");
  expect(complete("rsync-stream index make --chunk")).toEqual(["--chunk-size"]);
  expect(complete("rsync-stream push --delete-a")).toEqual(["--delete-after"]);
  expect(complete("rsync-stream push a")).toEqual([""]);
  expect(complete("rsync-stream completion ")).toEqual(["bash", "zsh", "fish"]);
  expect(complete("rsync-stream push --color a")).toEqual(["auto", "always"]);
  expect(complete("rsync-stream recv --fsync = ")).toEqual(["files", "once", "all"]);
  expect(complete("rsync-stream push --color auto a")).toEqual([""]);
});

unless(missing("fish")).test("fish completes commands and options, and says what they are for", async () => {
  const script = await scriptFor("fish");
  const complete = (line: string) => ask("fish", `source ${script}; complete -C '${line}'`);
  expect(complete("rsync-stream pul").join()).toMatch(/pull\tbring a file/);
  expect(complete("rsync-stream index ver").join()).toMatch(/verify\tsay whether/);
  expect(complete("rsync-stream push --retr").join()).toMatch(/--retries\tconnect anew/);
  expect(complete("rsync-stream completion z")).toEqual(["zsh"]);
  expect(complete("rsync-stream push --color n").join()).toMatch(/^never\b/);
});

unless(missing("zsh")).test("zsh takes the script, and what it completes by it", async () => {
  const script = await scriptFor("zsh");
  // What zsh would show stands in the arguments of its own functions.
  const stubs = `compdef() { print -r -- registered $2 }; source ${script}
    _describe() { print -r -- $1: \${(P)2} }; _arguments() { [[ $1 == -C ]] && { state=$wanted; return }; print -rl -- $@ }`;
  const run = (rest: string) => spawnSync("zsh", ["-fc", `${stubs}\n${rest}`], { encoding: "utf8" });
  expect(run("").stdout).toBe("registered rsync-stream\n");
  expect(run("wanted=command; _rsync_stream").stdout).toContain(
    "pull:bring a file or directory here up to date",
  );
  const options = run("wanted=argument; words=(push); _rsync_stream").stdout.split("\n");
  expect(options).toContain("(-e --rsh)--rsh=[how to reach the host; ssh unless given]:COMMAND:");
  expect(options).toContain("(-e --rsh)-e+[how to reach the host; ssh unless given]:COMMAND:");
  expect(options.join()).toContain(
    "--color)--color=[auto (default), always or never; NO_COLOR is honoured]:WHEN:(auto always never)",
  );
  expect(run("wanted=argument; words=(completion); _rsync_stream").stdout).toContain(
    "1:value:(bash zsh fish)",
  );
  expect(run("wanted=argument; words=(index); _rsync_stream").stderr).toBe("");
});

test("another shell is refused", async () => {
  const { code, stderr } = await rsyncStream(["completion", "csh"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish, not "csh"')]);
});

unless(missing("groff")).test("the manual page is one that groff has nothing to say against", async () => {
  const { stdout } = await rsyncStream(["man"]);
  const { stdout: page, stderr } = spawnSync("groff", ["-man", "-Tascii", "-ww"], {
    input: stdout,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(page.replace(/.\x08/g, "")).toMatch(/--retries N\n\s+connect anew/);
});

describe("doctor", () => {
  test("tells what is here, what a directory keeps, and which variables are none", async () => {
    const folder = freshFolder();
    const line = 'RSYNC_STREAM_RETRIS=1 RSYNC_STREAM_COMPRESS=1 $RS doctor --json --dir "$1"; ls -A "$1"';
    const { stdout } = await runShell(line, folder);
    const told = stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row) as Record<string, string>);
    expect(told).toContainEqual({
      name: "runtime",
      state: "ok",
      detail: expect.stringContaining(process.versions.node),
    });
    expect(told).toContainEqual({
      name: "variable",
      state: "ok",
      detail: "RSYNC_STREAM_COMPRESS sets --compress",
    });
    expect(told).toContainEqual({
      name: "variable",
      state: "wrong",
      detail: "RSYNC_STREAM_RETRIS names no option; did you mean RSYNC_STREAM_RETRIES?",
    });
    expect(told).toContainEqual({ name: "modes", state: "ok", detail: "kept" });
  });

  test("looks at what the settings file says to each command", async () => {
    const config = join(freshFolder(), "config.toml");
    const line = "RSYNC_STREAM_STATS=often RSYNC_STREAM_CONFIG=$1 $RS doctor";
    writeFileSync(config, "[index.make]\nretris = 1\n", { mode: 0o600 });
    const names = await runShell(line, config);
    writeFileSync(config, '[push]\ncompress = "perhaps"\n');
    const values = await runShell(line, config);
    expect([names.code, values.code]).toEqual([2, 2]);
    expect(names.stdout.toString()).toMatch(
      /wrong +settings file +.*retris is no option; did you mean retries/,
    );
    expect(values.stdout.toString()).toMatch(/wrong +settings file +.*--compress takes true or false/);
    expect(values.stdout.toString()).toMatch(/wrong +variable +--stats takes true or false/);
  });

  test("says what a host lacks", async () => {
    const bin = join(freshFolder(), "bin");
    mkdirSync(bin);
    const put = (name: string, text: string) => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    put("node", "echo v18.20.8");
    const ask = (more = "") =>
      runShell(`PATH=$1:/usr/bin:/bin $RS doctor --host there -e "sh -c 'eval \\"\\$1\\"'" ${more}`, bin);
    const absent = await ask();
    expect(absent.code).toBe(1);
    expect(absent.stdout.toString()).toMatch(/ok +Node.js there +v18\.20\.8\nwrong +rsync-stream there/);
    put("node", "echo v99.1.2");
    const sent = await ask();
    expect([sent.code, sent.stderr]).toEqual([0, ""]);
    expect(sent.stdout.toString()).toMatch(/missing +rsync-stream there +it is sent there/);
    put("rsync-stream", "echo 7.8.9");
    const present = await ask();
    expect([present.code, present.stderr]).toEqual([0, ""]);
    expect(present.stdout.toString()).toMatch(/ok +rsync-stream there +7\.8\.9/);
  });
});

test("settings stand for options, and a wrong one says where it stands", async () => {
  const folder = freshFolder();
  const config = join(folder, "config.toml");
  writeFileSync(config, 'exclude = ["b"]\n[send]\ndigest = "no-such"\n', { mode: 0o600 });
  writeFileSync(join(folder, "a"), "");
  writeFileSync(join(folder, "b"), "");
  const run = (line: string) => runShell(`export RSYNC_STREAM_CONFIG="$1/config.toml"; ${line}`, folder);
  const wrong = await run('$RS send "$1"');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(`(set by ${config})`)]);
  const copied = async (option: string) =>
    (await run(`$RS sync ${option} --exclude config.toml -q "$1/" "$1.copy"; ls "$1.copy"; rm -r "$1.copy"`))
      .stdout;
  expect((await copied("")).toString()).toBe("a\n");
  expect((await copied("--no-settings")).toString()).toBe("a\nb\n");
});
