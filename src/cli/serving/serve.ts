import { closingInTheEnd } from "../../bytes/closing.ts";
import { pathOf } from "../../bytes/byte-text.node.ts";
import { SyncError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { listenOptions, serverGraceMs, serveUntilInterrupted } from "./listen.ts";
import { receiveLimitOptions, receiveLimitsOf } from "../options/receive-limits.ts";

/** `serve ROOT`: lets others push and pull. */
export const serve = defineCommand({
  operands: ["ROOT"],
  options: {
    "read-only": { type: "boolean", about: "let nobody push" },
    ui: { type: "boolean", about: "offer a page to push and pull with in a browser, at the top" },
    chunks: {
      type: "string",
      value: "STORE",
      multiple: true,
      about: "offer this store of chunks, too, at /-/chunks/",
    },
    "take-chunks": { type: "boolean", about: "take chunks, too, into the only --chunks" },
    fsync: { type: "boolean", about: "wait for the disk before a pushed file gets its name" },
    ...receiveLimitOptions,
    "world-writable": { type: "boolean", about: "let pushed modes allow everybody to write" },
    ...listenOptions,
  },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [root], options, report, signal }) {
    const offer = {
      root: pathOf(root),
      readOnly: options["read-only"] === true,
      durable: options.fsync === true,
      worldWritable: options["world-writable"] === true,
      ui: options.ui === true,
      ...receiveLimitsOf(options),
    };
    const places = options.chunks ?? [];
    const takesChunks = options["take-chunks"] === true;
    if (takesChunks && (places.length !== 1 || offer.readOnly))
      throw new SyncError("USAGE", "--take-chunks needs one --chunks, and no --read-only");
    const load = async () => (await import("./served-chunks.ts")).serveChunks(places, takesChunks);
    const chunks = places.length > 0 ? await load() : undefined;
    await closingInTheEnd(
      () => serveUntilInterrupted({ ...offer, ...(chunks && { chunks }) }, options, report, signal),
      async () => chunks?.close(),
    );
  },
});
