import { createReceiver } from "../../src/session/create-receiver.ts";
import { createSender } from "../../src/session/create-sender.ts";
import { transportCases } from "../../src/testing/transport-suite.ts";
import { connectWebSocket } from "../../src/transport/websocket.ts";
import { memorySource } from "../../src/tree/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory-tree.ts";

const connectTo = (url: string, token: string) => () =>
  connectWebSocket(url, { protocols: ["rsync-stream.1", `bearer.${token}`] });

/** Both ends in this page, joined by a server that passes on what it gets of connections to the same URL. */
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

Object.assign(globalThis, {
  caseNames: (bridge: string) => casesOver(bridge).map(({ name }) => name),
  runCase: (bridge: string, name: string) =>
    casesOver(bridge)
      .find((each) => each.name === name)!
      .run(),
  async push(url: string, token: string) {
    const tree = memoryDir({ "from the page": memoryFile("hello") });
    const openSource = () => memorySource(tree);
    return (await createSender({ connect: connectTo(url, token), openSource, layout: "contents" }).done)
      .entries;
  },
  async pull(url: string, token: string) {
    const tree = memoryDir();
    await createReceiver({ connect: connectTo(url, token), openTarget: () => memoryTarget(tree) }).done;
    return [...tree.children.keys()];
  },
  ready: true,
});
