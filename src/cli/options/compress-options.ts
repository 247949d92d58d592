import type { CompressionLevel } from "../../bytes/deflate.ts";
import type { Order } from "../../tree/order/order.ts";
import { readCount } from "./arguments.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** The options of the commands that send or have others send. */
export const compressOptions = {
  compress: { type: "boolean", short: "z", about: "compress content that shrinks" },
  "compress-level": {
    type: "string",
    value: "N",
    about: "the same, with so much effort: 1 (fast) to 9; 0: never",
    unlike: "0 to 9; 4 unless given, or 1 where an end has no Brotli",
  },
} as const satisfies OptionSpecs;

/** Whether content is compressed, and with how much effort. @throws USAGE */
export function compressionOf(
  options: OptionValues<typeof compressOptions>,
): Pick<Order, "compressionLevel"> & { readonly compress: boolean } {
  const level = readCount("compress-level", options["compress-level"], 0, 9);
  if (level === undefined) return { compress: options.compress === true };
  return level === 0 ? { compress: false } : { compress: true, compressionLevel: level as CompressionLevel };
}
