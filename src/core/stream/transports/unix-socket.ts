/**
 * `unix:/path`: a reader listens and takes one connection; a writer connects, and waits a while for the reader to be there.
 */
import { codeOf, reason, refusal } from "../../errors.js";
import { msSince, now } from "../../time.js";
import { OnceClosed } from "../once-closed.js";
import { socketPathProblem } from "../socket-path.js";
import { lookEveryMs } from "./reader-awaited.js";
import { defineTransport } from "./transport.js";

const scheme = "unix:";
/** Long enough to start the other side by hand. */
const connectPatienceMs = 10_000;

export const unixSocket = defineTransport({
  doc: { input: "unix:/path to listen on", output: "unix:/path to connect to" },
  knows: (address) => address.startsWith(scheme),
  async openInput(where, address, holder) {
    const { acceptOne } = await import("../listen.js");
    const fd = await acceptOne(where, address.slice(scheme.length), holder);
    return { fd, name: address, isSeekable: false, isFile: false, opening: "once" };
  },
  outputProblem: (where, address) => socketPathProblem(`${where}, --output ${address}`, address.slice(scheme.length)),
  awaitReader: (where, address) => connectTo(`${where}, --output ${address}`, address.slice(scheme.length)),
  openOutput(_where, address, _options, awaited) {
    const connected = new OnceClosed(awaited!);
    return { fd: awaited!.fd, name: address, isFile: false, close: () => connected.close() };
  },
  endsInFile: () => false,
});

async function connectTo(place: string, path: string): Promise<number> {
  const [{ connect }, { descriptorOf }] = await Promise.all([import("node:net"), import("../listen.js")]);
  const startedAt = now();
  for (;;) {
    try {
      return await new Promise<number>((resolve, reject) => {
        const socket = connect({ path, allowHalfOpen: true });
        socket.pause();
        socket.once("connect", () => resolve(descriptorOf(socket)));
        socket.on("error", reject);
      });
    } catch (error) {
      const code = (error as { code?: string }).code;
      const mayComeLater = code === "ENOENT" || code === "ECONNREFUSED";
      if (!mayComeLater || msSince(startedAt) > connectPatienceMs) {
        throw refusal(
          mayComeLater ? "no-peer" : codeOf(error),
          place,
          `cannot connect: ${reason(error)}`,
          "Start the reader first, with --input and the same path.",
          error,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}
