import { createReceiver } from "../../src/session/create-receiver.ts";
import { createSender } from "../../src/session/create-sender.ts";
import { connectTurns } from "../../src/transport/http-turns.ts";
import { memorySource } from "../../src/tree/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory-tree.ts";

const connectTo = (url: string, token: string) => () =>
  connectTurns(url, { headers: { Authorization: `Bearer ${token}` } });

Object.assign(globalThis, {
  async push(url: string, token: string) {
    const tree = memoryDir({ "from the page": memoryFile("hello") });
    const openSource = () => memorySource(tree);
    return (await createSender({ connect: connectTo(url, token), openSource, layout: "contents" }).done)
      .entries;
  },
  async pull(url: string, token: string) {
    const tree = memoryDir();
    const { done } = createReceiver({ connect: connectTo(url, token), openTarget: () => memoryTarget(tree) });
    const { receivedBytes } = await done;
    return { names: [...tree.children.keys()].sort(), receivedBytes };
  },
  ready: true,
});
