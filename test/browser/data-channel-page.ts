import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { transportCases } from "../../src/testing/transport-suite.ts";
import { dataChannelDuplex } from "../../src/transport/data-channel.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";
import type { Duplex } from "../../src/types.ts";
import { suiteCalls } from "./page-suite.ts";

// Channels close with their connections, which are collected when nobody holds them.
const held: RTCPeerConnection[] = [];

function gathered(peer: RTCPeerConnection): Promise<string> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (peer.iceGatheringState === "complete") resolve(JSON.stringify(peer.localDescription));
    };
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });
}

function opened(channel: RTCDataChannel): Promise<Duplex> {
  return new Promise((resolve) => {
    const done = (): void => resolve(dataChannelDuplex(channel as never));
    if (channel.readyState === "open") done();
    else channel.addEventListener("open", done);
  });
}

let duplex: Promise<Duplex>;

async function offer(): Promise<string> {
  const peer = new RTCPeerConnection();
  held.push(peer);
  duplex = opened(peer.createDataChannel("sync"));
  await peer.setLocalDescription(await peer.createOffer());
  return gathered(peer);
}

async function answer(offered: string): Promise<string> {
  const peer = new RTCPeerConnection();
  held.push(peer);
  duplex = new Promise((resolve) => {
    peer.addEventListener("datachannel", ({ channel }) => void opened(channel).then(resolve));
  });
  await peer.setRemoteDescription(JSON.parse(offered) as RTCSessionDescriptionInit);
  await peer.setLocalDescription(await peer.createAnswer());
  return gathered(peer);
}

async function accept(answered: string): Promise<void> {
  await held.at(-1)!.setRemoteDescription(JSON.parse(answered) as RTCSessionDescriptionInit);
}

/** Both ends in this page. */
async function connect(): Promise<readonly [Duplex, Duplex]> {
  const offered = await offer();
  const left = duplex;
  const first = held.at(-1)!;
  const answered = await answer(offered);
  const right = duplex;
  await first.setRemoteDescription(JSON.parse(answered) as RTCSessionDescriptionInit);
  return [await left, await right];
}

const cases = transportCases({ connect, patienceMs: 60_000 });
const content = new Uint8Array(3_000_000).map((_, i) => (i * i) >> 7);

Object.assign(globalThis, {
  offer,
  answer,
  accept,
  ...suiteCalls(() => cases),
  async send() {
    const source = memorySource(memoryDir({ big: memoryFile(content), small: memoryFile("hello") }));
    const { sentBytes } = await sendTree(source, await duplex);
    return sentBytes;
  },
  async receive() {
    const tree = memoryDir();
    await receiveTree(memoryTarget(tree), await duplex);
    return [...tree.children].map(
      ([name, node]) => `${name} ${node.kind === "file" ? node.bytes.length : ""}`,
    );
  },
  ready: true,
});
