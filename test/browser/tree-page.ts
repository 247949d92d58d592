/** Calls one function of the worker; `stopAtBytes` ends it in the middle, once so much has come. */
function call(name: string, args: readonly unknown[], stopAtBytes = Infinity): Promise<unknown> {
  const worker = new Worker("/tree-worker.ts", { type: "module" });
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      worker.terminate();
      settle();
    };
    worker.onerror = ({ message }) => end(() => reject(new Error(message)));
    worker.onmessage = ({ data }) => {
      if (data.progress?.receivedBytes >= stopAtBytes) end(() => resolve("stopped"));
      if ("result" in data) end(() => resolve(data.result));
      if ("failure" in data) end(() => reject(new Error(data.failure)));
    };
    worker.postMessage({ name, args });
  });
}

Object.assign(globalThis, {
  call,
  pushPicked: (url: string) => call("push", [url, [...document.querySelector("input")!.files!]]),
  ready: true,
});
