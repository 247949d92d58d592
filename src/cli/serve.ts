import { defineCommand } from "./command.ts";
import { listenOptions, serverGraceMs, serveUntilInterrupted } from "./listen.ts";

/** `serve ROOT`: lets others push and pull. */
export const serve = defineCommand({
  operands: ["ROOT"],
  options: {
    "read-only": { type: "boolean", about: "let nobody push" },
    fsync: { type: "boolean", about: "wait for the disk before a pushed file gets its name" },
    ...listenOptions,
  },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands: [root], options, report, signal }) {
    const offer = { root, readOnly: options["read-only"] === true, durable: options.fsync === true };
    await serveUntilInterrupted(offer, options, report, signal);
  },
});
