/** Addresses of a network, which this version refuses by name instead of making a file of that name. */
import { type MoteError, refusal } from "../../errors.js";
import { defineTransport } from "./transport.js";

function refused(where: string, address: string): MoteError {
  return refusal(
    "bad-option",
    where,
    `${address}: this version has no network transport`,
    "Use unix:/path on one machine, or pipe through ssh.",
  );
}

export const network = defineTransport({
  doc: null,
  knows: (address) => /^(tcp|grpc):/.test(address),
  openInput(where, address) {
    throw refused(where, address);
  },
  openOutput(where, address) {
    throw refused(where, address);
  },
  endsInFile: () => false,
});
