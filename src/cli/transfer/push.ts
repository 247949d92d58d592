import { SyncError } from "../../errors.ts";
import { parseEndpoint } from "../../transfer/endpoint.node.ts";
import { defineCommand } from "../command.ts";
import { partOptions } from "../options/part-options.ts";
import { parseSource } from "../options/source-place.ts";
import { ownSourceTokenOption, pushOptions, runTransfer } from "./transfer-run.ts";

/** `push SRC DST`: brings a place elsewhere up to date with a tree here. */
export const push = defineCommand({
  operands: ["SRC", "DST"],
  options: { ...pushOptions, ...ownSourceTokenOption, ...partOptions },
  knowsRsync: true,
  writesOutput: () => false,
  async run(call) {
    const [from, to] = call.operands;
    const there = parseEndpoint(to);
    if (parseSource(from).kind !== "local")
      throw new SyncError("USAGE", `push sends what is here, not ${from}`);
    if (there.kind === "local")
      throw new SyncError(
        "USAGE",
        `push sends to HOST:PATH or a URL, not to ${to}; sync copies from here to here`,
      );
    const { coordinator, index, part, lease } = call.options;
    if (part !== undefined || coordinator !== undefined)
      return (await import("../archive/archive-commands.ts")).pushParts(call);
    if (index !== undefined || lease !== undefined)
      throw new SyncError("USAGE", "--index and --lease go with --part or --coordinator");
    return runTransfer(call);
  },
});
