/** `tap:/path`: what a run shows of its frames at a unix socket. It has the newest, whoever comes when. */
import { codeOf, reason, refusal } from "../../errors.js";
import { defineTransport } from "./transport.js";

const scheme = "tap:";

export const tap = defineTransport({
  doc: { input: "tap:/path of a run's --tap unix:/path" },
  knows: (address) => address.startsWith(scheme),
  async openInput(where, address) {
    const [{ connect }, { descriptorOf }] = await Promise.all([import("node:net"), import("../listen.js")]);
    return new Promise((opened, refused) => {
      const socket = connect({ path: address.slice(scheme.length), allowHalfOpen: true });
      socket.pause();
      socket.once("connect", () =>
        opened({ fd: descriptorOf(socket), name: address, isSeekable: false, isFile: false, opening: "once" }),
      );
      socket.on("error", (error) => {
        const what = `nobody shows frames there: ${reason(error)}`;
        const hint = "Start the run first, with --tap unix: and the same path.";
        refused(refusal(codeOf(error), `${where}, --input ${address}`, what, hint, error));
      });
    });
  },
  openOutput(where, address) {
    throw refusal(
      "bad-option",
      `${where}, --output ${address}`,
      "a tap is only read",
      "Give --tap unix:/path to a stage.",
    );
  },
  endsInFile: () => false,
});
