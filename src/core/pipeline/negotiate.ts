/** From what the user asked for to what every stage will do, before anything is opened: decode, look, negotiate, check. */
import { MoteError, type Problem, refusal } from "../errors.js";
import { type LinkPolicy, linkPolicies } from "../memory/link.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import { decodeOptions, optionsAsJson, type RawOptions } from "../option/decode-options.js";
import { type OptionSpecs, option } from "../option/option.js";
import type { StageDeclaration, StageNeeds } from "./stage.js";

/** One stage as asked for, options not yet decoded. */
export interface StageRequest {
  readonly stage: StageDeclaration;
  /** Name in reports and messages. */
  readonly label: string;
  readonly raw: RawOptions;
}

export interface PlannedStage {
  readonly stage: StageDeclaration;
  readonly label: string;
  readonly plan: object;
  readonly input: StreamDescriptor;
  readonly output: StreamDescriptor;
  readonly needs: StageNeeds;
  /** Policy of the link behind this stage. */
  readonly policy: LinkPolicy;
}

/** Option of every stage that passes frames on. */
export const linkOptions = {
  backpressure: option.choice(linkPolicies, {
    doc: "What happens when the next stage does not keep up: wait, or lose the newest or the oldest waiting frames (counted), or fail. By default a live camera drops the newest and everything else waits.",
  }),
} satisfies OptionSpecs;

/** All options of a stage, those that every stage of its role has included. */
export function optionsOf(stage: StageDeclaration): OptionSpecs {
  return stage.role === "sink" ? stage.options : { ...stage.options, ...linkOptions };
}

/** What was asked for with the chosen preset's values underneath. */
export function withPreset(stage: StageDeclaration, raw: RawOptions): RawOptions {
  const preset = typeof raw.preset === "string" ? stage.presets?.[raw.preset] : undefined;
  return preset ? { ...preset, ...raw } : raw;
}

/** Decodes all stages' options (every mistake at once), then lets each stage see what the one before it passes on. */
export async function planRun(requests: readonly StageRequest[], version: string): Promise<readonly PlannedStage[]> {
  checkOrder(requests);
  const problems: Problem[] = [];
  const decoded = requests.map((request) => {
    const raw = withPreset(request.stage, request.raw);
    const specs = optionsOf(request.stage);
    const result = decodeOptions(request.label, specs, raw);
    problems.push(...result.problems);
    return { ...request, specs, raw, options: result.options as Record<string, unknown> };
  });
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });

  const planned: PlannedStage[] = [];
  let upstream: StreamDescriptor | null = null;
  for (const { stage, label, specs, raw, options } of decoded) {
    const facts = await stage.look?.(options);
    const negotiated = stage.negotiate(upstream, options, facts);
    const input = upstream ?? negotiated.output;
    const own = { stage: label, version, options: optionsAsJson(specs, raw) };
    const isEndpoint = stage.isTransport === true;
    const output: StreamDescriptor = isEndpoint
      ? negotiated.output
      : { ...negotiated.output, producedBy: [...(upstream?.producedBy ?? []), own] };
    const policy =
      (options.backpressure as LinkPolicy | undefined) ??
      (upstream === null && output.isLive ? "drop-newest" : "block");
    planned.push({ stage, label, plan: negotiated.plan, input, output, needs: negotiated.needs ?? {}, policy });
    upstream = output;
  }
  return planned;
}

/** A pipeline is one source, any transforms and one sink. */
function checkOrder(requests: readonly StageRequest[]): void {
  requests.forEach(({ stage, label }, i) => {
    const isFirst = i === 0;
    const isLast = i === requests.length - 1;
    if (isFirst !== (stage.role === "source")) {
      throw isFirst
        ? refusal(label, `a ${stage.role} cannot be the first stage`, "Start with acquire.")
        : refusal(
            label,
            "a source can only be the first stage",
            "Put it in front, or run it as a pipeline of its own.",
          );
    }
    if (isLast !== (stage.role === "sink")) {
      throw isLast
        ? refusal(label, `a ${stage.role} cannot be the last stage`, "End with archive.")
        : refusal(label, "a sink can only be the last stage", "Move it to the end.");
    }
  });
}

/** The last look of every stage: disk space, files in the way. All problems at once. */
export async function checkRun(stages: readonly PlannedStage[]): Promise<void> {
  const problems: Problem[] = [];
  for (const { stage, plan, input } of stages) problems.push(...((await stage.check?.(plan, input)) ?? []));
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
}
