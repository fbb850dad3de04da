/** From what the user asked for to what every stage and link will do, before anything is opened: decode, look, negotiate, check. */
import { MoteError, type Problem, refusal } from "../errors.js";
import { type LinkPolicy, linkPolicies } from "../memory/link-shape.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { Note } from "../model/note.js";
import { own } from "../model/own.js";
import type { UsedFiles } from "../model/used-files.js";
import { decodeOptions, optionsAsJson, type RawOptions } from "../option/decode-options.js";
import { kebab } from "../option/names.js";
import { type OptionSpecs, option } from "../option/option.js";
import { graphOf, pathTo } from "./graph.js";
import type { StageDeclaration, StageNeeds, World } from "./stage.js";
import { type TapRequest, tapOptions } from "./tap-option.js";

/** One stage as asked for, options not yet decoded. */
export interface StageRequest {
  readonly stage: StageDeclaration;
  /** Name in reports and messages. */
  readonly label: string;
  /** Of an end that only carries the stream: the stage that the user called, which complaints about it name. */
  readonly servedStage?: string;
  readonly raw: RawOptions;
  /** Label of the stage that feeds it; left out: the one before it. */
  readonly from?: string;
  /** What it says of the link that feeds it. */
  readonly link?: LinkRequest;
  /** The user gave it its name; else it has the stage's own on its path. */
  readonly isTagged?: boolean;
  /** Where complaints about its place in the run say that it stands; left out: its label. */
  readonly at?: string;
}

export interface LinkRequest {
  readonly policy?: LinkPolicy;
  /** Every how many frames one is taken. */
  readonly every?: number;
}

export interface PlannedStage {
  readonly stage: StageDeclaration;
  /** In reports and messages, unlike every other of the run. */
  readonly label: string;
  /** In what goes into its stream: the same as in a run of its path alone. */
  readonly pathLabel: string;
  readonly plan: object;
  readonly input: StreamDescriptor;
  readonly output: StreamDescriptor;
  readonly needs: StageNeeds;
  readonly notes: readonly string[];
  /** It is a sink that keeps the frames' pixels. */
  readonly keepsFrames?: boolean;
  /** It is a source that has to hear what became of its frames. */
  readonly settles?: boolean;
  /** It is where observers look, and no frame depends on it. */
  readonly isTap?: boolean;
}

export interface PlannedLink {
  /** Positions of the two stages in the run. */
  readonly from: number;
  readonly to: number;
  readonly policy: LinkPolicy;
  /** Every how many frames one goes in; 1: all. */
  readonly every: number;
  /** Frames that are not taken from the source in time are lost; a pipe with a live stream in it waits. */
  readonly cannotWait: boolean;
  /** It leads to an observer, which nobody waits for. */
  readonly isTap?: boolean;
  /** Where and how much a link with the policy `spill` may spill; null with any other policy. */
  readonly spill: SpillPlan | null;
}

/** What the others do when a stage fails or its disk is full: end too, or go on while a sink is left. */
export const failurePolicies = ["end-run", "end-branch"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

export interface PlannedRun {
  /** Each behind the one that feeds it; the first is the source. */
  readonly stages: readonly PlannedStage[];
  /** One into every stage but the source, in the order of the stages they lead to. */
  readonly links: readonly PlannedLink[];
  readonly onFailure: FailurePolicy;
  /** The sinks note what became of every frame, for the run's ledger. */
  readonly hasLedger?: boolean;
  /** Positions of the sinks that keep frames, where the source has to hear what became of them. */
  readonly keepers?: readonly number[];
  /** Notes that stand before the first frame. */
  readonly openingNotes?: readonly Note[];
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
  return { ...stage.options, ...(stage.role === "sink" ? {} : linkOptions), ...tapOptions };
}

/** What was asked for with the chosen preset's values underneath. */
export function withPreset(stage: StageDeclaration, raw: RawOptions): RawOptions {
  const preset = typeof raw.preset === "string" ? own(stage.presets ?? {}, raw.preset) : undefined;
  return preset ? { ...preset, ...raw } : raw;
}

/**
 * Decodes all stages' options (every mistake at once, those of the run's shape among them), then lets each stage see what the
 * one that feeds it passes on. `loadTap`: the stage behind which observers are, where some may be asked for.
 */
export async function planRun(
  requests: readonly StageRequest[],
  version: string,
  world: World,
  onFailure: FailurePolicy = "end-run",
  loadTap?: () => Promise<StageDeclaration>,
): Promise<PlannedRun> {
  const graph = graphOf(
    requests.map(({ stage, label, from, link, at }) => ({
      label,
      name: stage.name,
      role: stage.role,
      from,
      hasLink: link !== undefined,
      at: at ?? label,
    })),
  );
  const problems: Problem[] = "order" in graph ? [] : [...graph];
  const broken: Problem[] = [];
  const decoded = requests.map((request) => {
    const raw = withPreset(request.stage, request.raw);
    const specs = optionsOf(request.stage);
    const result = decodeOptions(request.servedStage ?? request.label, specs, raw, request.stage.positional);
    problems.push(...result.problems);
    broken.push(...result.broken);
    return { ...request, specs, raw, options: result.options as Record<string, unknown> };
  });
  if (!("order" in graph) || problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  const asked = graph.order.map((place) => decoded[place]!);
  const taps = loadTap ? await tapsOf(asked, graph.parents, loadTap) : [];
  const inOrder = [...asked, ...taps];
  const parents = [...graph.parents, ...taps.map(({ parent }) => parent)];
  try {
    const stages = await negotiateAll(inOrder, parents, version, world);
    const links = planLinks(inOrder, parents, stages);
    const keepers = keepersOf(stages);
    if (broken.length === 0) return { stages, links, onFailure, keepers };
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
  readonly isTap?: boolean;
}

/** The observers that stages were asked for, each a stage behind all others; those of a sink see what it gets. */
async function tapsOf(
  asked: readonly DecodedRequest[],
  parents: readonly number[],
  loadTap: () => Promise<StageDeclaration>,
): Promise<readonly (DecodedRequest & { readonly parent: number })[]> {
  const taken = new Set(asked.map(({ label }) => label));
  const found = asked.flatMap(({ stage, label, options }, position) =>
    (options.tap as readonly TapRequest[]).map((request) => {
      let name = `${label}-tap`;
      for (let n = 2; taken.has(name); n++) name = `${label}-tap-${n}`;
      taken.add(name);
      return {
        request,
        label: name,
        servedStage: label,
        parent: stage.role === "sink" ? parents[position]! : position,
      };
    }),
  );
  if (found.length === 0) return [];
  const stage = await loadTap();
  return found.map(({ request: { address, every, isLatest }, ...place }) => ({
    ...place,
    ...{ stage, specs: stage.options, raw: {}, options: { address, of: place.servedStage }, isTap: true },
    link: { policy: isLatest ? "latest" : "drop-oldest", every },
  }));
}

async function negotiateAll(
  decoded: readonly DecodedRequest[],
  parents: readonly number[],
  version: string,
  world: World,
): Promise<readonly PlannedStage[]> {
  const planned: PlannedStage[] = [];
  const origin = decoded[0]?.stage.isTransport ? "foreign" : "own";
  for (const [position, { stage, label, servedStage, specs, raw, options, isTap, link }] of decoded.entries()) {
    const before = planned[parents[position]!]?.output ?? null;
    const upstream = before && takenEvery(before, link?.every ?? 1);
    const facts = await stage.look?.(options, servedStage ?? label, world);
    const negotiated = stage.negotiate(upstream, options, facts, origin);
    const input = upstream ?? negotiated.output;
    const pathLabel = labelOnPath(decoded, parents, position);
    // Who looks on makes no difference to what is made.
    const { tap: _, ...making } = specs;
    const step = { stage: pathLabel, version, options: optionsAsJson(making, raw) };
    const output: StreamDescriptor = stage.isTransport
      ? negotiated.output
      : { ...negotiated.output, producedBy: [...(upstream?.producedBy ?? []), step] };
    const { plan, needs = {}, notes = [], settles, keepsFrames } = negotiated;
    const marks = { ...(isTap && { isTap }), ...(settles && { settles }), ...(keepsFrames && { keepsFrames }) };
    planned.push({ stage, label, pathLabel, plan, input, output, needs, notes, ...marks });
  }
  return planned;
}

/** What comes through a link that takes one frame of so many. */
function takenEvery(before: StreamDescriptor, every: number): StreamDescriptor {
  if (every === 1) return before;
  const { rateHz, frameCount, numberStep = 1 } = before;
  return {
    ...before,
    numberStep: numberStep * every,
    rateHz: rateHz === null ? null : rateHz / every,
    frameCount: frameCount === null ? null : Math.ceil(frameCount / every),
  };
}

/** A stage that was given no name has its own, and a number when it is not the first of it on the way from the source. */
function labelOnPath(decoded: readonly DecodedRequest[], parents: readonly number[], position: number): string {
  const { stage, label, isTagged } = decoded[position]!;
  if (isTagged || label === stage.name) return label;
  const times = pathTo(parents, position).filter(
    (at) => decoded[at]!.stage.name === stage.name && !decoded[at]!.isTagged,
  );
  return times.length <= 1 ? stage.name : `${stage.name}-${times.length}`;
}

/** Who can say that a frame is stored; a source that has to hear it refuses to begin without. */
function keepersOf(stages: readonly PlannedStage[]): readonly number[] {
  const source = stages[0]!;
  if (!source.settles) return [];
  const keepers = stages.flatMap(({ keepsFrames, isTap }, position) => (keepsFrames && !isTap ? [position] : []));
  if (keepers.length > 0) return keepers;
  throw refusal(
    "stages-do-not-fit",
    source.label,
    "waits to hear that its frames are stored, and no stage behind it keeps them",
    "Add a stage that keeps frames, as archive or compress.",
  );
}

/** What the user says of a link at the stage it leads to, else at the one it begins behind; else a live camera spills. */
function planLinks(
  decoded: readonly DecodedRequest[],
  parents: readonly number[],
  stages: readonly PlannedStage[],
): readonly PlannedLink[] {
  const problems: Problem[] = [];
  const links = decoded.flatMap(({ label, link = {}, at, isTap }, to): PlannedLink[] => {
    const from = parents[to]!;
    if (from < 0) return [];
    const before = decoded[from]!;
    const cannotWait = from === 0 && stages[0]!.output.isLive && stages[0]!.stage.isTransport !== true;
    if (cannotWait && link.policy === "block")
      problems.push({
        code: "stages-do-not-fit",
        where: `${at ?? label}, link, policy`,
        what: `block is nothing for a link behind ${before.label}, which is live and does not wait`,
        hint: "Use spill, which loses nothing, or drop-newest, drop-oldest or latest, whose losses are counted.",
      });
    const asked = link.policy ?? (before.options.backpressure as LinkPolicy | undefined);
    const policy = asked ?? (cannotWait ? "spill" : "block");
    if (isTap) return [{ from, to, policy, every: link.every ?? 1, cannotWait: false, isTap, spill: null }];
    const spill = policy === "spill" ? spillPlan(before.options) : null;
    return [{ from, to, policy, every: link.every ?? 1, cannotWait, spill }];
  });
  decoded.forEach(({ label, options }, from) => {
    const given = (["spillDir", "spillLimit"] as const).find((name) => options[name] !== undefined);
    const behind = links.filter((link) => link.from === from && !link.isTap);
    if (given === undefined || behind.some(({ policy }) => policy === "spill")) return;
    problems.push({
      code: "option-conflict",
      where: `${label}, --${kebab(given)}`,
      what: `is for a link that spills, this one has the policy ${behind[0]?.policy}`,
      hint: "Add --backpressure spill, or leave it out.",
    });
  });
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  return links;
}

function spillPlan(options: Record<string, unknown>): SpillPlan {
  return {
    folder: (options.spillDir as string | undefined) ?? null,
    limitBytes: (options.spillLimit as number | undefined) ?? null,
  };
}

/** What is wrong with spilling into this folder, if anything (null: the one for temporary files); `where` names the stage. */
export type SpillFolderCheck = (where: string, folder: string | null) => Problem | undefined;

/** What is wrong with reading and writing these files in one run. */
export type UsedFilesCheck = (used: UsedFiles) => readonly Problem[];

/**
 * The last look of every stage and link: outputs that are inputs, disk space, files in the way. All problems at once. The last:
 * what the run itself was read from, and what it writes beside its stages.
 */
export async function checkRun(
  { stages, links }: PlannedRun,
  checkSpillFolder: SpillFolderCheck,
  checkUsedFiles: UsedFilesCheck,
  { reads = [], writes = [] }: UsedFiles,
): Promise<void> {
  const used = await Promise.all(stages.map(({ stage, plan, input }) => stage.uses?.(plan, input) ?? {}));
  const conflicts = checkUsedFiles({
    reads: [...reads, ...used.flatMap((one) => one.reads ?? [])],
    writes: [...writes, ...used.flatMap((one) => one.writes ?? [])],
  });
  // What else is wrong with a file that is in its own way does not matter.
  if (conflicts.length > 0) throw new MoteError(conflicts, { exitCode: 2 });
  const problems: Problem[] = [];
  for (const { stage, plan, input } of stages) problems.push(...((await stage.check?.(plan, input)) ?? []));
  const spills = new Map(links.flatMap(({ from, spill }) => (spill ? [[from, spill]] : [])));
  for (const [from, { folder }] of spills) {
    const problem = checkSpillFolder(stages[from]!.label, folder);
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
}
