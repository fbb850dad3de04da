/** A request that a run answers: one declaration, of which the server, `mote tell` and its help are made. */
import type { JsonObject } from "../model/json.js";
import type { OptionSpecs, OptionsOf } from "../option/option.js";
import type { PlannedRun } from "../pipeline/negotiate.js";
import type { RunView } from "../pipeline/run-pipeline.js";

/** A run as those see it who answer for it. */
export interface SpokenRun {
  /** What it is called by those who speak to it. */
  readonly name: string;
  /** Mote's own. */
  readonly version: string;
  readonly planned: PlannedRun;
  readonly view: RunView;
  /** As the first interrupt: what is in flight is finished. May be called again, which changes nothing. */
  stop(): void;
  /** As the second one. */
  abort(): void;
}

/** Who asked. */
export interface Asker {
  /** Sends what `tell` returns again and again, every so many milliseconds, until the run or the client goes; in place of what was sent before. */
  subscribe(everyMs: number, tell: () => JsonObject): void;
}

export interface ControlRequest<Specs extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** A sentence, for help and docs/control.md. */
  readonly doc: string;
  /** What it takes beside its name, decoded as the options of a command are. */
  readonly fields: Specs;
  /** The fields that the plain words of `mote tell RUN NAME ...` fill, in order. */
  readonly plain: readonly (keyof Specs & string)[];
  /** Carries it out; throws a MoteError, and has changed nothing then. On the main thread: it must not wait. */
  answer(run: SpokenRun, fields: OptionsOf<Specs>, asker: Asker): JsonObject;
}

/** Checks a declaration's types and forgets them, so that all requests fit one table. */
export function defineRequest<Specs extends OptionSpecs>(request: ControlRequest<Specs>): ControlRequest {
  return request as unknown as ControlRequest;
}
