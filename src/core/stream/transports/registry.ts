/** The transports, one line each; of several that know an address, the first has it. */
import type { OptionSpecs } from "../../option/option.js";
import { file } from "./file.js";
import { namedPipe } from "./named-pipe.js";
import { network } from "./network.js";
import { standard } from "./standard.js";
import { tap } from "./tap.js";
import type { Transport, Use } from "./transport.js";
import { unixSocket } from "./unix-socket.js";

const transports: readonly Transport[] = [standard, unixSocket, tap, network, namedPipe, file];

export function transportOf(address: string, use: Use): Transport {
  return transports.find((transport) => transport.knows(address, use))!;
}

/** "- (stdin), a .mote file, a named pipe, or unix:/path to listen on" */
export function addressesText(use: Use): string {
  const offered = transports.flatMap(({ doc }) => doc?.[use] ?? []);
  return `${offered.slice(0, -1).join(", ")}, or ${offered.at(-1)}`;
}

/** The options of `--output` that transports declare. */
export const outputOptions = Object.assign(
  {},
  ...transports.map((transport) => transport.outputOptions),
) as OptionSpecs;

/** Whether a stream that is written to `--output` stays there, and nobody reads it as it comes. */
export function endsInFile(output: string): boolean {
  return transportOf(output, "output").endsInFile(output);
}
