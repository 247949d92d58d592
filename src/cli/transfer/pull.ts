import { SyncError } from "../../errors.ts";
import { isBucket, parseEndpoint } from "../../transfer/endpoint.node.ts";
import { defineCommand } from "../command.ts";
import { runTransfer, transferOptions } from "./transfer-run.ts";

/** `pull SRC DST`: brings a place here up to date with a tree elsewhere; without DST lists that. */
export const pull = defineCommand({
  operands: ["SRC", "[DST]"],
  options: transferOptions,
  knowsRsync: true,
  writesOutput: () => false,
  async run(call) {
    const [from, to] = call.operands;
    if (!isBucket(from) && parseEndpoint(from).kind === "local")
      throw new SyncError(
        "USAGE",
        `pull receives from HOST:PATH, a URL or a bucket; sync copies from here to here`,
      );
    if (to !== undefined && parseEndpoint(to).kind !== "local")
      throw new SyncError("USAGE", `pull receives into a place here, not ${to}`);
    return runTransfer(call);
  },
});
