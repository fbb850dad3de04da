/** From what the user asked for to what every stage will do, before anything is opened: decode, look, negotiate, check. */
import { MoteError, type Problem, refusal } from "../errors.js";
import { type LinkPolicy, linkPolicies } from "../memory/link.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import { own } from "../model/own.js";
import type { UsedFile, UsedFiles } from "../model/used-files.js";
import { decodeOptions, optionsAsJson, type RawOptions } from "../option/decode-options.js";
import { kebab } from "../option/names.js";
import { type OptionSpecs, option } from "../option/option.js";
import type { StageDeclaration, StageNeeds, World } from "./stage.js";

/** One stage as asked for, options not yet decoded. */
export interface StageRequest {
  readonly stage: StageDeclaration;
  /** Name in reports and messages. */
  readonly label: string;
  /** Of an end that only carries the stream: the stage that the user called, which complaints about it name. */
  readonly servedStage?: string;
  readonly raw: RawOptions;
}

export interface PlannedStage {
  readonly stage: StageDeclaration;
  readonly label: string;
  readonly plan: object;
  readonly input: StreamDescriptor;
  readonly output: StreamDescriptor;
  readonly needs: StageNeeds;
  readonly notes: readonly string[];
  /** Policy of the link behind this stage. */
  readonly policy: LinkPolicy;
  /** Frames that are not taken from this source in time are lost; a pipe with a live stream in it waits. */
  readonly cannotWait: boolean;
  /** Where and how much a link with the policy `spill` may spill; null with any other policy. */
  readonly spill: SpillPlan | null;
}

export interface SpillPlan {
  /** Folder of the spool's files; null: the one for temporary files. */
  readonly folder: string | null;
  /** Bytes the spool may take at most; null: as long as the disk has 1 GB left. */
  readonly limitBytes: number | null;
}

/** Option of every stage that passes frames on. */
export const linkOptions = {
  backpressure: option.choice(linkPolicies, {
    doc: "What happens when the next stage does not keep up: wait; or lose the newest or the oldest waiting frames (counted); or spill, which lets frames wait in files on a disk; or fail. By default a live camera spills and everything else waits.",
  }),
  spillDir: option.path({
    doc: "Folder of the files that spilled frames wait in: on a disk that takes the camera's rate. Default: the folder for temporary files (TMPDIR, else /tmp, or /var/tmp where /tmp is in memory).",
  }),
  spillLimit: option.number({
    doc: "Bytes that spilled frames may take on the disk at most. What comes when it is reached is lost, counted. Default: all but 1 GB of the disk's free room.",
    unit: "B",
    above: 0,
    metavar: "size",
  }),
} satisfies OptionSpecs;

/** All options of a stage, those that every stage of its role has included. */
export function optionsOf(stage: StageDeclaration): OptionSpecs {
  return stage.role === "sink" ? stage.options : { ...stage.options, ...linkOptions };
}

/** What was asked for with the chosen preset's values underneath. */
export function withPreset(stage: StageDeclaration, raw: RawOptions): RawOptions {
  const preset = typeof raw.preset === "string" ? own(stage.presets ?? {}, raw.preset) : undefined;
  return preset ? { ...preset, ...raw } : raw;
}

/** Decodes all stages' options (every mistake at once), then lets each stage see what the one before it passes on. */
export async function planRun(
  requests: readonly StageRequest[],
  version: string,
  world: World,
): Promise<readonly PlannedStage[]> {
  checkOrder(requests);
  const problems: Problem[] = [];
  const broken: Problem[] = [];
  const decoded = requests.map((request) => {
    const raw = withPreset(request.stage, request.raw);
    const specs = optionsOf(request.stage);
    const result = decodeOptions(request.servedStage ?? request.label, specs, raw, request.stage.positional);
    problems.push(...result.problems);
    broken.push(...result.broken);
    return { ...request, specs, raw, options: result.options as Record<string, unknown> };
  });
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  try {
    const planned = await negotiateAll(decoded, version, world);
    if (broken.length === 0) return planned;
  } catch (error) {
    // What one stage finds wrong with its input is told together with what was wrong with the options by themselves.
    if (!(error instanceof MoteError) || error.exitCode !== 2 || broken.length === 0) throw error;
    broken.push(...error.problems);
  }
  throw new MoteError(broken, { exitCode: 2 });
}

interface DecodedRequest extends StageRequest {
  readonly specs: OptionSpecs;
  readonly options: Record<string, unknown>;
}

async function negotiateAll(
  decoded: readonly DecodedRequest[],
  version: string,
  world: World,
): Promise<readonly PlannedStage[]> {
  const planned: PlannedStage[] = [];
  const origin = decoded[0]?.stage.isTransport ? "foreign" : "own";
  let upstream: StreamDescriptor | null = null;
  for (const { stage, label, servedStage, specs, raw, options } of decoded) {
    const facts = await stage.look?.(options, servedStage ?? label, world);
    const negotiated = stage.negotiate(upstream, options, facts, origin);
    const input = upstream ?? negotiated.output;
    const step = { stage: label, version, options: optionsAsJson(specs, raw) };
    const isEndpoint = stage.isTransport === true;
    const output: StreamDescriptor = isEndpoint
      ? negotiated.output
      : { ...negotiated.output, producedBy: [...(upstream?.producedBy ?? []), step] };
    const cannotWait = upstream === null && output.isLive && !isEndpoint;
    const policy = (options.backpressure as LinkPolicy | undefined) ?? (cannotWait ? "spill" : "block");
    const spill = spillPlan(label, policy, options);
    const { plan, needs = {}, notes = [] } = negotiated;
    planned.push({ stage, label, plan, input, output, needs, notes, policy, cannotWait, spill });
    upstream = output;
  }
  return planned;
}

function spillPlan(label: string, policy: LinkPolicy, options: Record<string, unknown>): SpillPlan | null {
  if (policy === "spill") {
    return {
      folder: (options.spillDir as string | undefined) ?? null,
      limitBytes: (options.spillLimit as number | undefined) ?? null,
    };
  }
  const given = (["spillDir", "spillLimit"] as const).find((name) => options[name] !== undefined);
  if (given === undefined) return null;
  throw refusal(
    "option-conflict",
    `${label}, --${kebab(given)}`,
    `is for a link that spills, this one has the policy ${policy}`,
    "Add --backpressure spill, or leave it out.",
  );
}

/** A pipeline is one source, any transforms and one sink. */
function checkOrder(requests: readonly StageRequest[]): void {
  requests.forEach(({ stage, label }, i) => {
    const isFirst = i === 0;
    const isLast = i === requests.length - 1;
    if (isFirst !== (stage.role === "source")) {
      throw isFirst
        ? refusal("stages-do-not-fit", label, `a ${stage.role} cannot be the first stage`, "Start with acquire.")
        : refusal(
            "stages-do-not-fit",
            label,
            "a source can only be the first stage",
            "Put it in front, or run it as a pipeline of its own.",
          );
    }
    if (isLast !== (stage.role === "sink")) {
      throw isLast
        ? refusal("stages-do-not-fit", label, `a ${stage.role} cannot be the last stage`, "End with archive.")
        : refusal("stages-do-not-fit", label, "a sink can only be the last stage", "Move it to the end.");
    }
  });
}

/** What is wrong with spilling into this folder, if anything (null: the one for temporary files); `where` names the stage. */
export type SpillFolderCheck = (where: string, folder: string | null) => Problem | undefined;

/** What is wrong with reading and writing these files in one run. */
export type UsedFilesCheck = (used: UsedFiles) => readonly Problem[];

/**
 * The last look of every stage and link: outputs that are inputs, disk space, files in the way. All problems at once. `reads`:
 * what the run itself was read from.
 */
export async function checkRun(
  stages: readonly PlannedStage[],
  checkSpillFolder: SpillFolderCheck,
  checkUsedFiles: UsedFilesCheck,
  reads: readonly UsedFile[],
): Promise<void> {
  const used = await Promise.all(stages.map(({ stage, plan, input }) => stage.uses?.(plan, input) ?? {}));
  const conflicts = checkUsedFiles({
    reads: [...reads, ...used.flatMap((one) => one.reads ?? [])],
    writes: used.flatMap((one) => one.writes ?? []),
  });
  // What else is wrong with a file that is in its own way does not matter.
  if (conflicts.length > 0) throw new MoteError(conflicts, { exitCode: 2 });
  const problems: Problem[] = [];
  for (const { stage, label, plan, input, spill } of stages) {
    problems.push(...((await stage.check?.(plan, input)) ?? []));
    const problem = spill ? checkSpillFolder(label, spill.folder) : undefined;
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
}
