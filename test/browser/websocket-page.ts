import { transportCases } from "../../src/testing/transport-suite.ts";
import { connectWebSocket } from "../../src/transport/websocket.ts";
import { sessionCalls } from "./page-sessions.ts";
import { suiteCalls } from "./page-suite.ts";

const connectTo = (url: string, token: string) => () =>
  connectWebSocket(url, { protocols: ["rsync-stream.1", `bearer.${token}`] });

/**
 * Both ends in this page, joined by a server that passes on what it gets of connections to the same
 * URL.
 */
let pairCount = 0;
const casesOver = (bridge: string) =>
  transportCases({
    async connect() {
      const url = `${bridge}/${pairCount++}`;
      return Promise.all([connectWebSocket(url), connectWebSocket(url)]);
    },
    holdsBack: false,
    patienceMs: 60_000,
  });

Object.assign(globalThis, { ...suiteCalls(casesOver), ...sessionCalls(connectTo), ready: true });
