/** A recording: a file that is read at any place, and written under a name that is claimed. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { codeOf, MoteError, type Problem, reason, refusal } from "../../errors.js";
import { option } from "../../option/option.js";
import { defineTransport } from "./transport.js";

const outputOptions = {
  force: option.flag({ doc: "Overwrite the --output file if it exists.", default: false }),
};

/** The last in the registry: it has what no other transport has, also what is not there. */
export const file = defineTransport<typeof outputOptions>({
  doc: { input: "a .mote file", output: "a .mote file" },
  knows: () => true,
  outputOptions,
  openInput(where, address) {
    try {
      const fd = openSync(address, "r");
      const there = fstatSync(fd);
      if (there.isDirectory()) {
        closeSync(fd);
        throw refusal(
          "wrong-kind-of-file",
          `${where}, --input ${address}`,
          "expected a file or a named pipe, got a folder",
          "Use acquire to read a folder of images.",
        );
      }
      const isFile = there.isFile();
      return { fd, name: address, isSeekable: isFile, isFile, opening: isFile ? "again" : "once" };
    } catch (error) {
      if (error instanceof MoteError) throw error;
      throw refusal(
        codeOf(error),
        `${where}, --input ${address}`,
        `cannot be opened: ${reason(error)}`,
        undefined,
        error,
      );
    }
  },
  async outputProblem(where, address, { force }) {
    const { claimProblem } = await import("../../storage/claim/claim.js");
    const place = `${where}, --output ${address}`;
    return claimProblem({ where: place, path: address, isForced: force }) ?? (await nameProblem(place, address));
  },
  async openOutput(where, address, { force }) {
    const { claimName } = await import("../../storage/claim/claim.js");
    const place = `${where}, --output ${address}`;
    const claim = claimName({ where: place, path: address, isForced: force }, where);
    try {
      return { fd: openSync(claim.growing, "wx"), name: address, isFile: true, claim };
    } catch (error) {
      claim.giveBack();
      throw refusal(codeOf(error), place, `cannot be opened: ${reason(error)}`, undefined, error);
    }
  },
  endsInFile: () => true,
});

/** A stream under the name of another format would be opened by nobody. */
async function nameProblem(where: string, output: string): Promise<Problem | undefined> {
  const { isContainer, mistakenFormat } = await import("../../storage/container-for.js");
  const format = mistakenFormat(output, [".mote"]);
  if (format === undefined) return undefined;
  const instead = isContainer(output) ? `mote archive --out ${output} writes that one` : "mote archive writes others";
  return {
    code: "bad-name",
    where,
    what: `is the name of another format (${format}), and --output writes a frame stream`,
    hint: `Give --output a .mote file, a named pipe or unix:/path; ${instead}.`,
  };
}
