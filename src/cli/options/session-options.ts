import { sessionTimes } from "../../session/limits.ts";
import type { LivenessOptions } from "../../session/liveness.ts";
import type { HttpOptions } from "../../transport/http-request.node.ts";
import { readCount } from "./arguments.ts";
import type { OptionSpecs } from "../command.ts";

/** The longest time that can be asked for: a week. */
const maxSeconds = 604_800;

/** The option of all commands that hold a session. */
export const timeoutOption = {
  timeout: {
    type: "string",
    value: "SECONDS",
    about: "give up after so long without a word from the peer",
    unlike: "60 seconds unless given",
    doc: "give up after so long without a word from the peer; 60 unless given, which over ssh count from its first word on, and for ever one way; 0 waits for ever",
  },
} as const satisfies OptionSpecs;

/** The option of those that connect to the other end themselves. */
export const connectTimeoutOption = {
  contimeout: {
    type: "string",
    value: "SECONDS",
    about: "give up after so long in which the peer was never heard",
    unlike: "over ssh, too; a server has 30 seconds unless given",
    doc: "give up after so long in which the peer was never heard; a server has 30 seconds unless given, ssh as long as it takes to ask for a password; 0 waits for ever",
  },
} as const satisfies OptionSpecs;

/** The option of those that hold one over standard input and output. */
export const duplexOption = {
  duplex: {
    type: "boolean",
    about: "talk both ways, over standard input and output",
    doc: "talk both ways, over standard input and output: only what the other end is missing is sent; both ends have to",
  },
} as const satisfies OptionSpecs;

/**
 * How long to wait for any word of the peer, from the start on, where that is said.
 *
 * @throws USAGE
 */
export function timeoutOf(options: {
  readonly timeout?: string;
}): Pick<LivenessOptions, "helloMs" | "stallMs"> {
  const seconds = readCount("timeout", options.timeout, 0, maxSeconds);
  return seconds === undefined ? {} : { helloMs: seconds * 1000, stallMs: seconds * 1000 };
}

/**
 * How long to wait for the peer of a new connection, where that is said.
 *
 * @throws USAGE
 */
export function connectTimeoutOf(options: {
  readonly contimeout?: string;
}): Pick<LivenessOptions, "helloMs"> & Pick<HttpOptions, "connectMs"> {
  const seconds = readCount("contimeout", options.contimeout, 0, maxSeconds);
  return seconds === undefined ? {} : { helloMs: seconds * 1000, connectMs: seconds * 1000 };
}

/**
 * How long to wait for the peer over standard input and output, from the start on as long as later.
 * A stream that goes one way only waits for ever unless told otherwise: ssh may ask for a password,
 * a file may come from anywhere.
 *
 * @throws USAGE
 */
export function livenessOf(options: {
  readonly duplex?: boolean;
  readonly timeout?: string;
}): LivenessOptions {
  const usual = options.duplex === true ? { helloMs: sessionTimes.stallMs } : { helloMs: 0, stallMs: 0 };
  return { ...usual, ...timeoutOf(options) };
}
