/** Lets a run be spoken to while it goes: where it was told to listen, from before it begins; else as soon as it goes, without keeping it. */
import type { SpokenRun } from "../control/request.js";
import { nameFrom } from "../control/run-name.js";
import type { ControlServer } from "../control/server.js";
import { reason } from "../errors.js";
import type { Holder } from "../held.js";
import type { Speech } from "./speech.js";

export interface SpeechOfRun {
  readonly speech: Speech;
  /** What gives the run its name where nobody did: its run file, or its stage. */
  readonly what: string;
  /** The verb, for complaints. */
  readonly where: string;
  readonly holder: Holder;
}

export interface Ear {
  /** The run goes. `tell`: a sentence for the user, when it cannot be spoken to, or is called otherwise than asked for. */
  begin(run: Omit<SpokenRun, "name">, tell: (text: string) => void): void;
  /** The run is over. */
  end(): void;
}

/** Refuses (exit code 2) where it cannot listen at the place that it was told. */
export async function openEar({ speech, what, where, holder }: SpeechOfRun): Promise<Ear> {
  const { control } = speech;
  const name = speech.name ?? nameFrom(what);
  let server: ControlServer | undefined;
  let isOver = false;
  const request = { name, where, holder, isOver: () => isOver };
  if (control === "none") return { begin() {}, end() {} };
  if (control) server = await (await import("../control/server.js")).openAt(request, control.path);

  /** In the folder of all runs; what goes wrong is told, and the run goes on. */
  async function listen(tell: (text: string) => void): Promise<ControlServer | undefined> {
    const { openNamed } = await import("../control/server.js");
    const opened = await openNamed(request);
    if ("why" in opened) {
      if (!isOver) tell(`this run cannot be spoken to: ${opened.why}`);
      return undefined;
    }
    if (speech.name !== undefined && opened.name !== name)
      tell(`another run is called ${name}: this one is called ${opened.name}`);
    return opened;
  }

  return {
    begin(run, tell) {
      const spoken = (at: ControlServer) => at.begin({ ...run, name: at.name });
      if (server) {
        spoken(server);
        return;
      }
      listen(tell)
        .then((opened) => {
          server = opened;
          if (opened) spoken(opened);
          if (isOver) opened?.end();
        })
        .catch((error: unknown) => tell(`this run cannot be spoken to: ${reason(error)}`));
    },
    end() {
      isOver = true;
      server?.end();
    },
  };
}
