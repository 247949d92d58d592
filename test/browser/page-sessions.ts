import { createReceiver } from "../../src/session/create-receiver.ts";
import { createSender } from "../../src/session/create-sender.ts";
import type { Connect } from "../../src/session/reconnect.ts";
import { memorySource } from "../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../src/tree/memory/memory-tree.ts";

/** A push and a pull of a page, out of memory and into it. */
export function sessionCalls(connectTo: (url: string, token: string) => Connect) {
  return {
    async push(url: string, token: string) {
      const tree = memoryDir({ "from the page": memoryFile("hello") });
      const openSource = () => memorySource(tree);
      return (await createSender({ connect: connectTo(url, token), openSource }).done).entries;
    },
    async pull(url: string, token: string) {
      const tree = memoryDir();
      const { done } = createReceiver({
        connect: connectTo(url, token),
        openTarget: () => memoryTarget(tree),
      });
      const { receivedBytes } = await done;
      return { names: [...tree.children.keys()].sort(), receivedBytes };
    },
  };
}
