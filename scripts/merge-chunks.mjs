// Merges the chunks of the command into the few that are loaded together. esbuild makes one of each
// set of commands that share a module; Node.js opens, reads and links every one of them at the
// start of both ends of a transfer.
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { rollup } from "rollup";

/**
 * What is loaded at each end of a transfer, by the entry points of the chunks, first come first
 * served: what runs before the other end is started comes before what it needs a session for.
 */
const startGroups = { start: ["main"], transfer: ["transfer-commands"] };
const endGroups = {
  sender: ["send", "create-sender", "open-source.node"],
  receiver: ["recv", "create-receiver", "open-target.node"],
};

/**
 * Reads the program `main.js` of a folder, writes it to another as `main.cjs`, and removes the
 * first.
 */
export async function mergeChunks(from, to) {
  const bundle = await rollup({
    input: join(from, "main.js"),
    external: isExternal,
    treeshake: false, // esbuild has done it
    plugins: [packageImports],
  });
  let groups;
  await bundle.write({
    dir: to,
    format: "cjs", // for the loader of src/cli/launch
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
    hoistTransitiveImports: false,
    manualChunks(id, graph) {
      groups ??= groupModules(graph);
      return groups.get(id);
    },
  });
  await bundle.close();
  rmSync(from, { recursive: true });
}

/** True of packages and of modules of Node.js. */
function isExternal(id) {
  return !/^[./]/.test(id);
}

/** Lets the loader import packages: src/cli/launch/program-files.ts. */
const packageImports = {
  name: "package-imports",
  renderDynamicImport: ({ targetModuleId }) =>
    isExternal(targetModuleId) ? { left: "importPackage(", right: ")" } : null,
};

/** Returns the group of each module that is in one. What both ends load is the group `session`. */
function groupModules({ getModuleIds, getModuleInfo }) {
  const entries = new Map([...getModuleIds()].map((id) => [entryOf(id), id]));
  const reach = (names) => {
    const found = new Set();
    const visit = (id) => {
      if (found.has(id) || getModuleInfo(id).isExternal) return;
      found.add(id);
      getModuleInfo(id).importedIds.forEach(visit);
    };
    for (const name of names) visit(entries.get(name));
    return found;
  };
  const groups = new Map();
  const put = (ids, group) => {
    for (const id of ids) if (!groups.has(id)) groups.set(id, group);
  };
  for (const [group, names] of Object.entries(startGroups)) put(reach(names), group);
  const [sender, receiver] = Object.values(endGroups).map(reach);
  put(
    [...sender].filter((id) => receiver.has(id)),
    "session",
  );
  put(sender, "sender");
  put(receiver, "receiver");
  groups.delete(entries.get("main")); // waits for the command, so no other may wait for it
  return groups;
}

/** `open-source.node` of `open-source.node-X6RE2BYM.js`. */
function entryOf(id) {
  return basename(id, ".js").replace(/-[0-9A-Z]{8}$/, "");
}
