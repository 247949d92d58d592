/**
 * Runs a server beside a client, which finds the server's port in `$port`; only the client is
 * measured.
 */
export function overLoopback(server: string, client: string): string {
  const findPort =
    "port=$(sed -n 's/^[^0-9]*\\(127.0.0.1:\\)\\{0,1\\}\\([0-9]\\{4,\\}\\).*/\\2/p' server.out)";
  return [
    `rm -f server.out; ${server} > server.out 2>&1 & server=$!`,
    `until ${findPort} && [ "$port" ]; do sleep 0.01; done`,
    `./measure client ${client}; code=$?`,
    `kill -9 $server; exit $code`,
  ].join("\n");
}
