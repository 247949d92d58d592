import { SyncError } from "../../errors.ts";
import { duplexChannel } from "../../transfer/standard-streams.node.ts";
import type { ByteChannel } from "../../transport/channel.ts";
import type { OptionSpecs } from "../command.ts";
import type { Report } from "../report/report.ts";

/** The option by which `push` and `pull` have a session go over several connections. */
export const groupOption = {
  joinable: {
    type: "string",
    value: "ID",
    about: "let connections join by `join ID`; push and pull use it",
  },
} as const satisfies OptionSpecs;

/** Refuses a group of connections where there is but one. @throws USAGE */
export function checkGroup(options: { readonly joinable?: string; readonly duplex?: boolean }): void {
  if (options.joinable !== undefined && options.duplex !== true)
    throw new SyncError("USAGE", "--joinable goes with --duplex");
}

/**
 * Standard input and output as a connection, or the group that begins with it.
 *
 * @throws USAGE
 */
export async function groupChannel(
  { joinable: group }: { readonly joinable?: string },
  report: Report,
): Promise<ByteChannel> {
  const channel = duplexChannel();
  if (group === undefined) return channel;
  const { openGroup } = await import("../../transfer/group-socket.node.ts");
  return openGroup(group, channel, { onAlone: ({ message, code }) => report.notice(message, { code }) });
}
