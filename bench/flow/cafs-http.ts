import type { Contender } from "./contender.ts";

/** Runs a server beside a client, which finds the server's port in `$port`; only the client is measured. */
function overLoopback(server: string, client: string): string {
  const findPort =
    "port=$(sed -n 's/^[^0-9]*\\(127.0.0.1:\\)\\{0,1\\}\\([0-9]\\{4,\\}\\).*/\\2/p' server.out)";
  return [
    `rm -f server.out; ${server} > server.out 2>&1 & server=$!`,
    `until ${findPort} && [ "$port" ]; do sleep 0.01; done`,
    `./measure client ${client}; code=$?`,
    `kill -9 $server; exit $code`,
  ].join("\n");
}

const plainServer = `node -e '
  const server = require("http").createServer((_, response) => require("fs").createReadStream(process.env.SRC).pipe(response));
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
'`;

/** The program of test/interop, which keeps the whole file in memory at both ends. */
const buildPeer = `[ -x cafs-peer ] || {
  bench=$PWD
  (cd "$(dirname "$(readlink bin/rsync-stream)")/../../test/interop/cafs-peer" && CGO_ENABLED=0 go build -o "$bench/cafs-peer" .)
}`;

/** Those who fetch one file over HTTP. The servers start with each lap, and cut the file if they do that. */
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
