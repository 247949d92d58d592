import type { Contender } from "./contender.ts";
import { overLoopback } from "./loopback.ts";

const plainServer = `node -e '
  const server = require("http").createServer((_, response) => require("fs").createReadStream(process.env.SRC).pipe(response));
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
'`;

/** The program of test/interop, which keeps the whole file in memory at both ends. */
const buildPeer = `[ -x cafs-peer ] || {
  bench=$PWD
  (cd "$(dirname "$(readlink bin/rsync-stream)")/../../test/interop/cafs-peer" && CGO_ENABLED=0 go build -o "$bench/cafs-peer" .)
}`;

/**
 * Those who fetch one file over HTTP. The servers start with each lap, and cut the file if they do
 * that.
 */
export const fetchers = {
  ours: {
    name: "rsync-stream fetch",
    commandLine: overLoopback(
      'rsync-stream serve "$PARENT" --read-only --listen 127.0.0.1:0',
      'rsync-stream fetch --quiet "http://127.0.0.1:$port/$NAME" "dest/$NAME"',
    ),
  },
  plain: {
    name: "curl from Node",
    commandLine: overLoopback(plainServer, 'curl -sS -o "dest/$NAME" "http://127.0.0.1:$port/"'),
    needs: "curl",
  },
  go: {
    name: "CAFS in Go",
    commandLine: `${buildPeer}\n${overLoopback(
      'exec ./cafs-peer serve "$SRC" 256',
      './cafs-peer fetch "http://127.0.0.1:$port/" "dest/$NAME"',
    )}`,
    needs: "go",
  },
} as const satisfies Record<string, Contender>;
