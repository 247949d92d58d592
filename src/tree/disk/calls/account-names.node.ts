import { bindNative, type Koffi } from "./koffi.node.ts";

/** The accounts of this system by number and by name; undefined for what it does not know. */
interface Accounts {
  nameOf(id: number): string | undefined;
  idOf(name: string): number | undefined;
}

interface AccountNames {
  readonly user: Accounts;
  readonly group: Accounts;
}

/** Where the number stands in struct passwd and struct group of a system of 64 bits. */
const idOffset = 16;

let bound: { readonly names: AccountNames | undefined } | undefined;

/** The names of users or groups, looked up once each; there are none without the C library. */
export function accountsOf(kind: "user" | "group"): Accounts {
  bound ??= { names: bindNative(bindAccounts) };
  return bound.names?.[kind] ?? unknown;
}

const unknown: Accounts = { nameOf: () => undefined, idOf: () => undefined };

function bindAccounts(koffi: Koffi): AccountNames {
  const library = koffi.load(null);
  const accounts = (byId: string, byName: string): Accounts => {
    const findById = library.func(`void *${byId}(uint32_t id)`);
    const findByName = library.func(`void *${byName}(const void *name)`);
    return {
      nameOf: remembered((id: number) => {
        const found: unknown = findById(id);
        return found === null ? undefined : (koffi.decode(found, "char *") as string);
      }),
      idOf: remembered((name: string) => {
        const found: unknown = findByName(Buffer.from(`${name}\0`));
        return found === null ? undefined : (koffi.decode(found, idOffset, "uint32_t") as number);
      }),
    };
  };
  return { user: accounts("getpwuid", "getpwnam"), group: accounts("getgrgid", "getgrnam") };
}

function remembered<Key, Value>(find: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    if (!known.has(key)) known.set(key, find(key));
    return known.get(key)!;
  };
}
