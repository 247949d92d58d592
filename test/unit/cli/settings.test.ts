import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import type { OptionSpecs } from "../../../src/cli/command.ts";
import { settle, variableOf } from "../../../src/cli/options/settings.ts";

const scratch = mkdtempSync(join(tmpdir(), "rsync-stream-settings-"));
const temporaryDir = () => mkdtempSync(join(scratch, "d-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const specs: OptionSpecs = {
  compress: { type: "boolean", short: "z", about: "" },
  retries: { type: "string", about: "" },
  exclude: { type: "string", multiple: true, about: "" },
  backup: { type: "string", bare: "dir", about: "" },
  "no-auth": { type: "boolean", about: "" },
  help: { type: "boolean", about: "" },
};
const vocabulary = {
  commands: ["push", "serve", "index make"],
  options: async () => new Set([...Object.keys(specs), "listen"]),
};

async function settled(line: string[], environment: NodeJS.ProcessEnv, command = "push") {
  return settle(command, specs, line, vocabulary, { RSYNC_STREAM_CONFIG: "", ...environment });
}

function configFile(text: string): string {
  const path = join(temporaryDir(), "config.toml");
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function withFile(text: string, line: string[] = [], command = "push", environment = {}) {
  return (await settled(line, { RSYNC_STREAM_CONFIG: configFile(text), ...environment }, command)).argv;
}

it.each([
  ["RSYNC_STREAM_COMPRESS", "1", ["--compress"]],
  ["RSYNC_STREAM_COMPRESS", "Yes", ["--compress"]],
  ["RSYNC_STREAM_COMPRESS", "false", []],
  ["RSYNC_STREAM_COMPRESS", "", []],
  ["RSYNC_STREAM_RETRIES", "7", ["--retries=7"]],
  ["RSYNC_STREAM_EXCLUDE", "a b\n\n-c", ["--exclude=a b", "--exclude=-c"]],
  ["RSYNC_STREAM_NO_AUTH", "1", ["--no-auth"]],
  ["RSYNC_STREAM_HELP", "1", []],
  ["RSYNC_STREAM_NO_SUCH", "1", []],
])("the variable %s of %j gives %j", async (name, value, words) => {
  expect((await settled(["SRC"], { [name]: value })).argv).toEqual([...words, "SRC"]);
});

it("names variables after options", () => {
  expect(variableOf("max-size")).toBe("RSYNC_STREAM_MAX_SIZE");
});

it("a command's table comes before what stands outside of tables", async () => {
  const file =
    'retries = 3\ncompress = true\n[push]\nretries = 9\nexclude = ["a", "b"]\n[serve]\nretries = 1\n';
  expect(await withFile(file)).toEqual(["--compress", "--retries=9", "--exclude=a", "--exclude=b"]);
  expect(await withFile(file, [], "serve")).toEqual(["--compress", "--retries=1"]);
});

it("a command of two words has a table in a table", async () => {
  expect(await withFile("[index.make]\nretries = 2\n", [], "index make")).toEqual(["--retries=2"]);
  expect(await withFile("[index.make]\nretries = 2\n", [], "push")).toEqual([]);
});

it("what others have is left to them", async () => {
  expect(await withFile('listen = "[::]:1"\n[serve]\ncompress = true\n')).toEqual([]);
});

it("variables come before the file, and the line before both", async () => {
  const environment = { RSYNC_STREAM_RETRIES: "5", RSYNC_STREAM_COMPRESS: "0" };
  const words = await withFile("retries = 3\ncompress = true\n", ["--retries=6"], "push", environment);
  expect(words).toEqual(["--retries=5", "--retries=6"]);
});

it("an option may have its value or none", async () => {
  expect(await withFile("backup = true")).toEqual(["--backup"]);
  expect(await withFile('backup = "other"')).toEqual(["--backup=other"]);
});

it("--no-NAME takes back what settings say, and no option of that name", async () => {
  expect(await withFile("compress = true\nretries = 3", ["--no-compress", "a"])).toEqual([
    "--retries=3",
    "a",
  ]);
  expect(await settled(["--no-auth", "--", "--no-compress"], {})).toMatchObject({
    argv: ["--no-auth", "--", "--no-compress"],
  });
});

it("--no-settings leaves all of them out", async () => {
  const line = ["--no-settings", "SRC"];
  expect(await withFile("no toml", line, "push", { RSYNC_STREAM_RETRIES: "1" })).toEqual(line);
});

it("no variable lets a command write that otherwise only looks", async () => {
  const { repair, store } = {
    repair: { type: "boolean", about: "" },
    store: { type: "string", about: "" },
  } as const;
  const environment = { RSYNC_STREAM_CONFIG: "", RSYNC_STREAM_REPAIR: "1", RSYNC_STREAM_STORE: "s" };
  const line = await settle("check", { repair, store }, ["x"], vocabulary, environment);
  expect(line.argv).toEqual(["--store=s", "x"]);
});

it.each([
  ["help = true", /help is asked for on a command line alone/],
  ["[push]\nno-settings = true", /no-settings is asked for on a command line alone/],
  ["repair = true", /repair is asked for on a command line alone/],
  ["compres = true", /compres is no option; did you mean compress\?/],
  ["[push]\nlisten = 1", /listen is no option/],
  ["[psh]\ncompress = true", /\[psh\] is no command; did you mean push\?/],
  ["[index.mak]\ncompress = true", /\[index\.mak\] is no command; did you mean index make\?/],
  ["compress = 1", /--compress takes true or false \(set by .*config\.toml\)/],
  ["retries = [1, 2]", /--retries takes one value/],
  ["retries = 1979-05-27", /--retries takes a text or a number/],
  ["exclude = [true]", /--exclude takes a text or a number/],
  ["retries = ", /line 1 of the settings file/],
])("a file of %j is refused", async (text, message) => {
  await expect(withFile(text)).rejects.toThrow(message);
  await expect(withFile(text)).rejects.toMatchObject({ code: "USAGE" });
});

it("the default place may be empty, a named one may not", async () => {
  const dir = temporaryDir();
  const missing = { RSYNC_STREAM_CONFIG: join(dir, "none") };
  await expect(settled([], missing)).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("set by RSYNC_STREAM_CONFIG"),
  });
  const usual = await settle("push", specs, ["x"], vocabulary, { XDG_CONFIG_HOME: dir, APPDATA: dir });
  expect(usual.argv).toEqual(["x"]);
});

it("the default place may be one where nobody can look", async () => {
  const file = configFile("retries = 3\n");
  const usual = await settle("push", specs, ["x"], vocabulary, { XDG_CONFIG_HOME: file, APPDATA: file });
  expect(usual.argv).toEqual(["x"]);
  await expect(withFile("", [], "push", { RSYNC_STREAM_CONFIG: join(file, "config.toml") })).rejects.toThrow(
    SyncError,
  );
});

it("a file that others may write is refused, one behind a link is read", async () => {
  const path = configFile("compress = true");
  const link = join(temporaryDir(), "link");
  symlinkSync(path, link);
  expect((await settled([], { RSYNC_STREAM_CONFIG: link })).argv).toEqual(["--compress"]);
  chmodSync(path, 0o622);
  await expect(settled([], { RSYNC_STREAM_CONFIG: link })).rejects.toThrow(/written by others/);
});

it("a failure says where its option was set, unless the line says it", async () => {
  const failure = new SyncError("USAGE", "--retries takes a number");
  const set = { RSYNC_STREAM_RETRIES: "x" };
  expect((await settled([], set)).explain(failure).message).toBe(
    "--retries takes a number (set by RSYNC_STREAM_RETRIES)",
  );
  expect((await settled(["--retries=y"], set)).explain(failure)).toBe(failure);
  expect((await settled([], {})).explain(failure)).toBe(failure);
});
