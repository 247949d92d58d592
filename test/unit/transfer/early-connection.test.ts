import { expect, it } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { connectEarly } from "../../../src/transfer/early-connection.ts";
import { channelOf, type ChannelDuplex } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";

/** Counts connections, and keeps the far end of each. */
function connections() {
  const far: ChannelDuplex[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const connect = async ({ signal }: { readonly signal?: AbortSignal }) => {
    const [near, other] = duplexPair();
    far.push(other);
    signals.push(signal);
    return near;
  };
  return { connect, far, signals };
}

async function readAll(duplex: ChannelDuplex): Promise<void> {
  for await (const _ of duplex.channel.read());
}

it("the first connection is there before it is asked for, and further ones are made", async () => {
  const { connect, far, signals } = connections();
  const { signal } = new AbortController();
  const early = connectEarly(connect, { signal });
  expect(far).toHaveLength(1);
  const own = new AbortController().signal;
  const first = await early.connect({ signal: own });
  expect(far).toHaveLength(1);
  const second = await early.connect({ signal: own });
  expect(second).not.toBe(first);
  expect(signals).toEqual([signal, own]);
});

it("what nobody asked for is broken off, what was handed out stays", async () => {
  const unused = connections();
  connectEarly(unused.connect).close();
  await expect(readAll(unused.far[0]!)).rejects.toMatchObject({ code: "PEER_GONE" });

  const used = connections();
  const early = connectEarly(used.connect);
  const channel = channelOf(await early.connect({}));
  early.close();
  await channel.end();
  await readAll(used.far[0]!);
});

it("a connection that does not come about is told to whoever asks, and to nobody else", async () => {
  const failing = async (): Promise<never> => {
    throw new SyncError("PEER_GONE", "nobody is there");
  };
  await expect(connectEarly(failing).connect({})).rejects.toMatchObject({ message: "nobody is there" });
  connectEarly(failing).close();
  connectEarly(failing); // an unhandled rejection would fail the run
});
