import type { Register } from "../../../src/coordinator/register.ts";

/** A register of this process: for work that its own parts share. */
export function memoryRegister(): Register {
  let count = 0;
  let text: string | undefined;
  return {
    read: async () => (text === undefined ? undefined : { text, version: `${count}` }),
    async replace(next, version) {
      if (version !== (text === undefined ? null : `${count}`)) return false;
      text = next;
      count++;
      return true;
    },
    close: async () => {},
  };
}
