import { fileListSource } from "../../src/browser/file-source.ts";
import { opfsTarget } from "../../src/browser/opfs-target.ts";
import type { Picked } from "../../src/browser/picked.ts";
import { tarOf } from "../../src/browser/tar.ts";
import { override } from "../../src/bytes/override.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { createReceiver } from "../../src/session/create-receiver.ts";
import { createSender } from "../../src/session/create-sender.ts";
import type { TreeTarget } from "../../src/tree/target.ts";
import { connectWebSocket } from "../../src/transport/websocket.ts";

const folderOf = async (name: string): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });

const connectTo = (url: string) => () => connectWebSocket(url, { protocols: ["rsync-stream.1"] });

async function receive(url: string, openTarget: () => TreeTarget, tell: (facts: object) => void) {
  const troubles: string[] = [];
  const { files, receivedBytes, reusedBytes, wireReceivedBytes } = await createReceiver({
    connect: connectTo(url),
    openTarget,
    firstWaitMs: 50,
    retries: 10,
    onTrouble: ({ code, detail }) => troubles.push(`${code} ${detail.path}`),
    onProgress: ({ receivedBytes }) => tell({ receivedBytes }),
  }).done;
  return { files, receivedBytes, reusedBytes, wireReceivedBytes, troubles };
}

const calls = {
  async pull(url: string, folder: string, tell: (facts: object) => void) {
    const directory = await folderOf(folder);
    return receive(url, () => opfsTarget(directory), tell);
  },
  /** Removes some of the folder at the last moment. */
  async pullWithout(url: string, folder: string, names: string[], tell: (facts: object) => void) {
    const directory = await folderOf(folder);
    const openTarget = (): TreeTarget => {
      const target = opfsTarget(directory);
      return override(target, {
        async commit(whole: boolean) {
          for (const name of names) await directory.removeEntry(name, { recursive: true });
          await target.commit(whole);
        },
      });
    };
    return receive(url, openTarget, tell);
  },
  async push(url: string, picked: Iterable<Picked> | string) {
    const what = typeof picked === "string" ? await folderOf(picked) : picked;
    const troubles: string[] = [];
    const { files, sentBytes } = await createSender({
      connect: connectTo(url),
      openSource: () => fileListSource(what),
      onTrouble: ({ code, detail }) => troubles.push(`${code} ${detail.path}`),
    }).done;
    return { files, sentBytes, troubles };
  },
  /** Path, size and digest of every file, without what is for the next session. */
  async list(folder: string) {
    const found: string[] = [];
    const walk = async (dir: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, handle] of dir.entries()) {
        const at = `${path}${name}`;
        if (handle.kind === "directory") {
          if (at !== ".rsync-stream") await walk(handle as FileSystemDirectoryHandle, `${at}/`);
        } else {
          const file = await (handle as FileSystemFileHandle).getFile();
          found.push(`${at} ${toHex(sha256(new Uint8Array(await file.arrayBuffer())))}`);
        }
      }
    };
    await walk(await folderOf(folder), "");
    return found.sort();
  },
  async tar(folder: string) {
    const bytes = new Uint8Array(await (await tarOf(await folderOf(folder))).arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192)
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  },
  async edit(folder: string, name: string, text: string) {
    const file = await (await folderOf(folder)).getFileHandle(name, { create: true });
    const writable = await file.createWritable();
    await writable.write(text);
    await writable.close();
  },
};

onmessage = ({ data: { name, args } }: MessageEvent) => {
  const tell = (facts: object): void => postMessage({ progress: facts });
  (calls as any)[name](...args, tell).then(
    (result: unknown) => postMessage({ result }),
    (error: Error & { code?: string }) => postMessage({ failure: `${error.code} ${error.message}` }),
  );
};
