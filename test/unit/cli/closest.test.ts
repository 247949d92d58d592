import { describe, expect, it } from "vitest";
import { everyOption } from "../../../src/cli/options/arguments.ts";
import { closest } from "../../../src/cli/options/closest.ts";
import { commands } from "../../../src/cli/commands.ts";

const optionsOf = async (name: string) => {
  const { options } = await commands[name]!.load();
  return Object.keys({ ...everyOption, ...options });
};

describe("commands", () => {
  it.each([
    ["sned", "send"],
    ["revc", "recv"],
    ["puhs", "push"],
    ["pul", "pull"],
    ["PUSH", "push"],
    ["serv", "serve"],
    ["realy", "relay"],
    ["chunk", "chunks"],
    ["aply", "apply"],
    ["fetch-file", undefined],
    ["receive", undefined],
    ["host:x", undefined],
    ["pusl", undefined],
    ["zzzz", undefined],
    ["", undefined],
  ])("%s means %s", (word, meant) => expect(closest(word, Object.keys(commands))).toBe(meant));
});

describe("options of push", async () => {
  const options = await optionsOf("push");
  it.each([
    ["dryrun", "dry-run"],
    ["dry_run", "dry-run"],
    ["DRY-RUN", "dry-run"],
    ["verbos", "verbose"],
    ["verbsoe", "verbose"],
    ["quite", "quiet"],
    ["progres", "progress"],
    ["progess", "progress"],
    ["compres", "compress"],
    ["comperss", "compress"],
    ["exlude", "exclude"],
    ["excldue", "exclude"],
    ["excl", "exclude"],
    ["exclude-form", "exclude-from"],
    ["incude", "include"],
    ["incl", "include"],
    ["delte", "delete"],
    ["deleet", "delete"],
    ["maxdelete", "max-delete"],
    ["max-delet", "max-delete"],
    ["tokenfile", "token-file"],
    ["token", "token-file"],
    ["tokn-flie", "token-file"],
    ["remotepath", "remote-path"],
    ["timout", "timeout"],
    ["timeot", "timeout"],
    ["insecur", "insecure"],
    ["retires", "retries"],
    ["turn", "turns"],
    ["colour", "color"],
    ["hlep", "help"],
    ["rhs", "rsh"],
    ["verison", "version"],
    ["delta", undefined],
    ["c", undefined],
    ["x", undefined],
    ["ta", undefined],
    ["host", undefined],
    ["list", "list-only"],
    ["file", "files-from"],
    ["from", "from0"],
    ["sudo", undefined],
    ["", undefined],
  ])("%s means %s", (word, meant) => expect(closest(word, options)).toBe(meant));
});

it("what may as well be another is neither", async () => {
  expect(closest("max", await optionsOf("recv"))).toBeUndefined();
  expect(closest("max-", ["max-bytes", "max-entries"])).toBeUndefined();
  expect(closest("tls-kert", ["tls-cert", "tls-kept"])).toBeUndefined();
});

it("has no answer among nothing", () => {
  expect(closest("send", [])).toBeUndefined();
});
