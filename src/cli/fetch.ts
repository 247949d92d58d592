import { dirname } from "node:path";
import type { SyncError } from "../errors.ts";
import { fetchCafs } from "../http/cafs-client.node.ts";
import type { BuildProgress } from "../remotesync/builder.ts";
import { readCount } from "./arguments.ts";
import { progressOf } from "./apply.ts";
import { defineCommand } from "./command.ts";
import { checkReplaceable, replaceFile } from "./file-replacement.ts";
import { httpOptions, readHttpOptions } from "./remote.ts";
import { livenessOf, timeoutOption } from "./session-options.ts";
import { openSpool } from "./spool.ts";
import { findChunks } from "./tree-chunks.ts";

/** `fetch URL DST`: a file from a server of the CAFS protocol; the old one stays until the new one is complete. */
export const fetch = defineCommand({
  operands: ["URL", "DST"],
  options: {
    have: {
      type: "string",
      value: "PATH",
      about: "a file or directory whose content may be used again; DST unless given",
    },
    window: {
      type: "string",
      value: "N",
      about: "how many answers may go ahead of the chunks; 256 unless given",
    },
    ...httpOptions,
    ...timeoutOption,
  },
  writesOutput: () => false,
  async run({ operands: [url, path], options, report, signal }) {
    checkReplaceable(path);
    const windowCount = readCount("window", options.window, 8, 65_536);
    const { stallMs } = livenessOf({ duplex: true, ...options });
    const http = readHttpOptions(options);
    const onTrouble = (error: SyncError): void => report.trouble(error);
    const found = await findChunks(options.have ?? path, { signal, onTrouble });
    const spool = await openSpool(dirname(path), found.chunks);
    let last: BuildProgress = { doneBytes: 0, totalBytes: 0, receivedBytes: 0 };
    try {
      const content = fetchCafs(url, spool.store, {
        ...http,
        signal,
        ...(windowCount !== undefined && { windowCount }),
        ...(stallMs !== undefined && { stallMs }),
        onProgress: (progress) => report.progress(progressOf((last = progress))),
      });
      await replaceFile(path, content);
      report.summary({ action: "received", ...progressOf(last) });
    } finally {
      await spool.close();
      await found.close();
    }
  },
});
