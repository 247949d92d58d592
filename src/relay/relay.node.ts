import { peerPermutations } from "../http/peer-permutations.node.ts";
import type { Share } from "../http/share.ts";
import type { Relay } from "./relay.ts";
import { openRelayedFile } from "./relayed-file.node.ts";

/** All that a relay offers to `createServer`: its trees, and each file of the whole tree to be fetched as CAFS does. */
export function relayShare(relay: Relay): Share {
  const permutations = peerPermutations();
  return {
    ...relay.share,
    openFile: (path, options) => {
      const { record, chunks } = relay.whole(options);
      return openRelayedFile(record, chunks, path, permutations, options);
    },
  };
}
