import { dirname } from "node:path";
import { closingInTheEnd } from "../../bytes/closing.ts";
import type { SyncError } from "../../errors.ts";
import { fetchCafs } from "../../http/cafs-client.node.ts";
import type { BuildProgress } from "../../remotesync/builder.ts";
import { readCount } from "../options/arguments.ts";
import { buildProgressOf } from "./apply.ts";
import { chunkLimitOf, chunkLimitOption } from "../options/chunk-limit.ts";
import { withConnectionHint } from "../../transfer/connection-hint.node.ts";
import { defineCommand } from "../command.ts";
import { encodeOtherBytes } from "../../transfer/endpoint.node.ts";
import { checkReplaceable } from "./file-replacement.ts";
import { httpOptions, readFetchOptions } from "../options/remote-options.ts";
import { openResumableFile } from "./resumable-file.ts";
import { timeoutOf, timeoutOption } from "../options/session-options.ts";
import { prepareForFetch } from "../engine.ts";
import { createSpool } from "./spool.ts";
import { findChunks } from "./tree-chunks.ts";

/**
 * `fetch URL DST`: a file from a server of the CAFS protocol; the old one stays until the new one
 * is complete. What a run that fails got of it stays, for the next one to go on with.
 */
export const fetch = defineCommand({
  operands: ["URL", "DST"],
  options: {
    have: {
      type: "string",
      value: "PATH",
      about: "a file or directory whose content may be used again, beside that of DST",
    },
    key: {
      type: "string",
      value: "HEX",
      about: "the digest that the file must have, or the first digits of it",
    },
    window: {
      type: "string",
      value: "N",
      about: "how many answers may go ahead of the chunks; 1024 unless given",
    },
    ...chunkLimitOption,
    ...httpOptions,
    ...timeoutOption,
  },
  knowsRsync: true,
  writesOutput: () => false,
  async run({ operands: [from, path], options, report, signal }) {
    checkReplaceable(path);
    prepareForFetch();
    const url = encodeOtherBytes(from);
    const windowCount = readCount("window", options.window, 8, 65_536);
    const { stallMs } = timeoutOf(options);
    const http = await readFetchOptions(url, options);
    const limits = chunkLimitOf(options);
    const onTrouble = (error: SyncError): void => report.trouble(error);
    const file = openResumableFile(path);
    let last: BuildProgress = { doneBytes: 0, totalBytes: 0, receivedBytes: 0 };
    const receive = async (): Promise<void> => {
      const places = [path, ...(options.have === undefined ? [] : [options.have]), ...file.leftovers];
      const found = await findChunks(places, {
        signal,
        onTrouble,
        onMissing(missing) {
          if (missing === options.have) report.notice(`nothing is at ${missing}`, { path: missing });
        },
      });
      const spool = createSpool(dirname(path), found.chunks);
      const replace = async (): Promise<void> => {
        const content = fetchCafs(url, spool.store, {
          ...http,
          ...limits,
          signal,
          wantsKey: false,
          ...(options.key !== undefined && { keyPrefix: options.key }),
          ...(windowCount !== undefined && { windowCount }),
          ...(stallMs !== undefined && { stallMs }),
          onProgress(progress) {
            last = progress;
            report.progress(buildProgressOf(progress));
          },
        });
        await withConnectionHint(url, () => file.replace(content));
      };
      await closingInTheEnd(
        () => closingInTheEnd(replace, () => spool.close()),
        () => found.close(),
      );
      report.summary({ action: "received", ...buildProgressOf(last) });
    };
    await closingInTheEnd(receive, async () => file.close());
  },
});
