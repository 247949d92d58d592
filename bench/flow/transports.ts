import type { Contender } from "./contender.ts";
import { overLoopback } from "./loopback.ts";

function push(scheme: string): Contender {
  return {
    name: `push over ${scheme}`,
    commandLine: overLoopback(
      "rsync-stream serve dest --listen 127.0.0.1:0",
      `rsync-stream push --quiet "$SRC" "${scheme}://127.0.0.1:$port/"`,
    ),
  };
}

function pull(scheme: string): Contender {
  return {
    name: `pull over ${scheme}`,
    commandLine: overLoopback(
      'rsync-stream serve "$PARENT" --read-only --listen 127.0.0.1:0',
      `rsync-stream pull --quiet "${scheme}://127.0.0.1:$port/$NAME" dest/`,
    ),
  };
}

/** One session over each transport, to and from a server that starts with the lap. */
export const transports: readonly Contender[] = ["ws", "http"].flatMap((scheme) => [
  push(scheme),
  pull(scheme),
]);
