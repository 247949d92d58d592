import { connectTurns } from "../../src/transport/http-turns.ts";
import { sessionCalls } from "./page-sessions.ts";

const connectTo = (url: string, token: string) => () =>
  connectTurns(url, { headers: { Authorization: `Bearer ${token}` } });

Object.assign(globalThis, { ...sessionCalls(connectTo), ready: true });
