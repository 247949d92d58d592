import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Libp2p } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { transportCases } from "../../src/testing/transport-suite.ts";
import { libp2pDuplex } from "../../src/transport/libp2p.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type { Duplex } from "../../src/types.ts";

// js-libp2p is written for Node 22.
(Promise as any).withResolvers ??= () => {
  let settle: any;
  const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle };
};

const protocol = "/rsync-stream-test/1";

describe("between two nodes of js-libp2p", () => {
  let dialer: Libp2p;
  let listener: Libp2p;
  let accepted: (duplex: Duplex) => void = () => {};

  beforeAll(async () => {
    const parts = { transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] };
    listener = await createLibp2p({ ...parts, addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] } });
    await listener.handle(protocol, (stream: any) => accepted(libp2pDuplex(stream)), {
      maxInboundStreams: 64,
    });
    dialer = await createLibp2p(parts);
  });

  afterAll(async () => {
    await dialer?.stop();
    await listener?.stop();
  });

  async function connect(): Promise<readonly [Duplex, Duplex]> {
    const right = new Promise<Duplex>((resolve) => (accepted = resolve));
    const address = multiaddr(listener.getMultiaddrs()[0]!.toString());
    const stream = await dialer.dialProtocol(address, protocol, { maxOutboundStreams: 64 });
    return [libp2pDuplex(stream as any), await right];
  }

  for (const { name, run } of transportCases({ connect, deliversAborted: false })) it(name, run);

  it("carries a session", async () => {
    const tree = memoryDir({ file: memoryFile("content"), big: memoryFile(new Uint8Array(3_000_000)) });
    const [ours, theirs] = await connect();
    const copy = memoryDir();
    const source = memorySource(tree);
    await Promise.all([sendTree(source, ours), receiveTree(memoryTarget(copy), theirs)]);
    expect([...copy.children.keys()].sort()).toEqual(["big", "file"]);
  });
});
