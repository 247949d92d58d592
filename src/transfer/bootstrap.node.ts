import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ByteChannel } from "../transport/channel.ts";
import type { Bytes } from "../types.ts";
import { answerAsked } from "./asked-channel.ts";
import { quoteForShell } from "./shell-words.node.ts";

/** The program that travels to a host where nothing is installed, as the build left it. */
interface FarEnd {
  /** A script for `node -e` that asks for the program, keeps it and runs it. */
  readonly loader: string;
  /** SHA-256 of the program, as hex digits. */
  readonly digest: string;
  readonly size: number;
  readonly compressedSize: number;
  /** The program, compressed by Brotli. */
  read(): Bytes;
}

/** A command line for the shell there, and what hears its first words. */
export interface Bootstrap {
  readonly command: string;
  /** Gives the other end the program if it asks for it; all else passes. */
  wrap(channel: ByteChannel): ByteChannel;
}

const absent = "neither rsync-stream nor Node.js is installed there";

/**
 * How to run the program there, installed or not.
 *
 * @param words its arguments, as words for a shell
 * @returns undefined where the build of this package left no program to send
 */
export function bootstrap(words: string): Bootstrap | undefined {
  const farEnd = findFarEnd();
  if (farEnd === undefined) return undefined;
  const { digest, size, compressedSize, loader } = farEnd;
  const token = randomBytes(32).toString("hex");
  // Its name is the loader, its arguments are those of the program.
  const script = [
    'command -v rsync-stream >/dev/null 2>&1 && exec rsync-stream "$@"',
    `command -v node >/dev/null 2>&1 || { echo "${absent}" >&2; exit 127; }`,
    `exec node -e "$0" -- ${digest} ${token} ${compressedSize} ${size} "$@"`,
  ];
  return {
    command: `sh -c ${quoteForShell(script.join("; "))} ${quoteForShell(loader)} ${words}`,
    wrap: (channel) => answerAsked(channel, token, () => farEnd.read()),
  };
}

/** Where the build puts it, from a file of the built command, of the library, or of the source. */
const places = ["../far-end/", "./far-end/", "../../dist/far-end/"];

function findFarEnd(): FarEnd | undefined {
  const folder = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(new URL("facts.json", url)));
  if (folder === undefined) return undefined;
  const facts = JSON.parse(readFileSync(new URL("facts.json", folder), "utf8")) as Omit<
    FarEnd,
    "loader" | "read"
  >;
  return {
    ...facts,
    loader: readFileSync(new URL("loader.cjs", folder), "utf8").trim(),
    read: () => readFileSync(new URL("program.mjs.br", folder)),
  };
}
