import { describe, expect, it } from "vitest";
import { readArguments } from "../../../src/cli/arguments.ts";
import { commands } from "../../../src/cli/commands.ts";

const push = await commands["push"]!.load();

describe("letters of rsync for what is done anyway", () => {
  it.each([
    [["-avz"], { verbose: true, compress: true }],
    [["-a", "-r", "-rtpl"], {}],
    [["-avzhP"], { verbose: true, compress: true, progress: true }],
    [["-ae", "ssh -p 2"], { rsh: "ssh -p 2" }],
    [["-essh"], { rsh: "ssh" }],
    [["-aessh"], { rsh: "ssh" }],
  ])("%j", (argv, options) => {
    expect(readArguments([...argv, "a", "b:c"], push)).toEqual({ options, operands: ["a", "b:c"] });
  });

  it("are operands behind --, and -h alone asks for help", () => {
    expect(readArguments(["--", "-a", "b:c"], push).operands).toEqual(["-a", "b:c"]);
    expect(readArguments(["-h"], push).options["help"]).toBe(true);
  });
});
