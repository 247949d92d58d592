import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { chunkServer } from "../../casync/chunk-server.node.ts";
import { SyncError } from "../../errors.ts";
import { serverGraceMs } from "../serving/listen.ts";
import { defineCommand } from "../command.ts";
import { readNamedFile } from "../options/named-file.ts";
import { readSecretFile } from "../options/secret-file.ts";
import { digestNamed, sizeOptions } from "./size-options.ts";
import { cacheOption, readerOf, storeOptions, writerOf } from "./store-options.ts";

/** `store serve STORE...`: lets others fetch chunks over HTTP. */
export const storeServe = defineCommand({
  operands: ["STORE..."],
  options: {
    listen: { type: "string", value: "HOST:PORT", about: "where to listen; 127.0.0.1:8731 unless given" },
    ...cacheOption,
    writable: { type: "boolean", short: "w", about: "take chunks, too, into the only STORE" },
    "tls-cert": { type: "string", value: "FILE", about: "certificate (PEM), to be reached by https:" },
    "tls-key": { type: "string", value: "FILE", about: "its key (PEM)" },
    "authorization-file": {
      type: "string",
      value: "FILE",
      about: "the Authorization that everybody has to show",
    },
    uncompressed: storeOptions.uncompressed,
    digest: sizeOptions.digest,
  },
  writesOutput: () => false,
  graceMs: serverGraceMs,
  async run({ operands, options, report, signal }) {
    const digest = digestNamed(options.digest);
    const { cert, key } = readTls(options["tls-cert"], options["tls-key"]);
    const secret = options["authorization-file"];
    const [, host, port] = /^(.*):(\d{1,5})$/.exec(options.listen ?? "127.0.0.1:8731") ?? [];
    if (host === undefined) throw new SyncError("USAGE", `--listen takes HOST:PORT, not "${options.listen}"`);
    const stores = { ...options, store: operands };
    await using store = readerOf(stores, report, digest);
    const writer = options.writable === true ? writerOf(stores, report, digest) : undefined;
    const server = chunkServer(store, {
      digest,
      ...(writer && { writer }),
      ...(secret !== undefined && { authorization: readSecretFile(secret).trim() }),
      ...(cert !== undefined && { tls: { cert, key: key! } }),
    });
    server.listen({ port: Number(port), host: host.replace(/^\[(.*)\]$/, "$1") });
    await once(server, "listening");
    const { address, port: own } = server.address() as AddressInfo;
    const url = `http${cert === undefined ? "" : "s"}://${address.includes(":") ? `[${address}]` : address}:${own}`;
    report.notice(`serving chunks at ${url}`, { url });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    server.closeAllConnections();
    server.close();
  },
});

function readTls(cert: string | undefined, key: string | undefined): { cert?: string; key?: string } {
  if ((cert === undefined) !== (key === undefined))
    throw new SyncError("USAGE", "--tls-cert and --tls-key go together");
  if (cert === undefined || key === undefined) return {};
  return { cert: readNamedFile(cert).toString(), key: readSecretFile(key) };
}
