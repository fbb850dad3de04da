/** The verbs, in the order in which help lists them; each is loaded when it is needed. */

import { own } from "../core/model/own.js";
import type { Command } from "../core/pipeline/command.js";
import type { StageDeclaration } from "../core/pipeline/stage.js";

export type Verb =
  | { readonly kind: "stage"; readonly stage: StageDeclaration }
  | { readonly kind: "command"; readonly command: Command };

const stages: Readonly<Record<string, () => Promise<StageDeclaration>>> = {
  acquire: async () => (await import("./acquire.js")).acquire,
  track: async () => (await import("./track.js")).track,
  archive: async () => (await import("./archive.js")).archive,
  compress: async () => (await import("./compress.js")).compress,
  tee: async () => (await import("./tee.js")).tee,
};

/** What ends in an observer. */
export const loadTap = async () => (await import("./tap.js")).tap;

/** The ends of a process' pipeline and its taps; no verbs of their own. */
const transports: Readonly<Record<string, () => Promise<StageDeclaration>>> = {
  "stream-in": async () => (await import("./stream-in.js")).streamIn,
  "stream-out": async () => (await import("./stream-out.js")).streamOut,
  tap: loadTap,
};

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  link: async () => (await import("./link.js")).link,
  run: async () => (await import("./run.js")).run,
  tell: async () => (await import("./tell.js")).tell,
  inspect: async () => (await import("./inspect.js")).inspect,
  verify: async () => (await import("./verify.js")).verify,
  recover: async () => (await import("./recover.js")).recover,
  schema: async () => (await import("./schema.js")).schema,
};

export const stageNames: readonly string[] = Object.keys(stages);
export const verbNames: readonly string[] = [...Object.keys(stages), ...Object.keys(commands)];

/** The stage of that name, transports included; undefined when there is none. */
export function loadStage(name: string): Promise<StageDeclaration> | undefined {
  return (own(stages, name) ?? own(transports, name))?.();
}

export async function loadVerb(name: string): Promise<Verb | undefined> {
  const stage = own(stages, name);
  if (stage) return { kind: "stage", stage: await stage() };
  const command = own(commands, name);
  return command ? { kind: "command", command: await command() } : undefined;
}
