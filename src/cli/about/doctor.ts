import { type CommandTable, defineCommand } from "../command.ts";
import { escapeText, jsonText } from "../../bytes/escaped-text.ts";
import { writeLines } from "../report/result-output.ts";
import { describeAll } from "./described-commands.ts";
import type { Finding } from "./finding.ts";
import { findHost } from "./found-host.ts";
import { findMachine } from "./found-machine.ts";
import { findPlace } from "./found-place.ts";
import { findSettings } from "./found-settings.ts";

/** `doctor`: what there is here for a transfer, and at a host or in a directory that is named. */
export const doctor = (commands: CommandTable) =>
  defineCommand({
    operands: [],
    options: {
      host: { type: "string", value: "HOST", about: "look at this host too, over ssh" },
      rsh: { type: "string", short: "e", value: "COMMAND", about: "how to reach it; ssh unless given" },
      dir: { type: "string", value: "DIR", about: "try out what this directory keeps of files" },
      json: { type: "boolean", about: "one JSON object a line" },
    },
    writesOutput: () => true,
    async run({ options, signal }) {
      const findings = [
        ...findMachine(),
        ...(await findSettings(await describeAll(commands), process.env)),
        ...(options.dir === undefined ? [] : findPlace(options.dir)),
        ...(options.host === undefined ? [] : await findHost(options.host, options.rsh ?? "ssh", signal)),
      ];
      await writeLines(findings.map(options.json === true ? asJson : asText), { signal });
      const wrong = findings.find(({ error }) => error !== undefined);
      if (wrong?.error) throw wrong.error;
    },
  });

const nameColumns = 22;
const stateColumns = 9;

function asText({ name, state, detail }: Finding): string {
  return `${state.padEnd(stateColumns)}${name.padEnd(nameColumns)}${escapeText(detail)}`;
}

function asJson({ name, state, detail }: Finding): string {
  return jsonText({ name, state, detail });
}
