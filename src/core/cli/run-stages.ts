/** Carries out stages: as one stage between stdin and stdout, or as a composed run. */
import { loadStage, loadTap } from "../../commands/index.js";
import { streamIn } from "../../commands/stream-in.js";
import { streamOut } from "../../commands/stream-out.js";
import { type ExitCode, MoteError, refusal } from "../errors.js";
import { ownEntries } from "../model/own.js";
import type { UsedFile } from "../model/used-files.js";
import { decodeOptions, type RawOptions } from "../option/decode-options.js";
import { camel, kebab } from "../option/names.js";
import type { OptionSpecs } from "../option/option.js";
import type { Command } from "../pipeline/command.js";
import { Connections } from "../pipeline/connections.js";
import { checkRun, type FailurePolicy, linkOptions, planRun, type StageRequest } from "../pipeline/negotiate.js";
import type { StageCall } from "../pipeline/run-file.js";
import type { StageDeclaration } from "../pipeline/stage.js";
import { tapOptions } from "../pipeline/tap-option.js";
import { claimProblem } from "../storage/claim/claim.js";
import { fileConflicts } from "../storage/claim/own-inputs.js";
import { spoolFolderProblem } from "../storage/spool/spool-folder.js";
import { lowerPriority } from "../workers/processors.js";
import { parseWords } from "./command-line.js";
import { lookAtFilesConfined } from "./confined-command.js";
import { Departure } from "./departure.js";
import { everyRun, takeEvery } from "./every-option.js";
import { executeRun } from "./execute-run.js";
import { rethrowSpelled, spelling } from "./option-files.js";
import { openingNotes } from "./speech.js";
import { openEar, type SpeechOfRun } from "./spoken-run.js";
import { stageSyntax } from "./stage-syntax.js";
import { printResult } from "./terminal.js";
import { commandSyntax, optionsOfSyntax } from "./verb-syntax.js";
import type { Voice } from "./voice.js";

/** The part of `raw` that `stage` declares; the rest stays with the verb's own stage, which complains about it. */
function partOf(stage: StageDeclaration, raw: RawOptions): RawOptions {
  return ownEntries(raw, (name) => Object.hasOwn(stage.options, name));
}

function without(raw: RawOptions, ...parts: RawOptions[]): RawOptions {
  return ownEntries(raw, (name) => !parts.some((part) => Object.hasOwn(part, name)));
}

/** One stage in a shell pipeline: what it reads and writes are stages too, so the code is that of a composed run. */
export async function runStageVerb(stage: StageDeclaration, given: RawOptions, version: string): Promise<ExitCode> {
  const { raw, voice, speech, reads, spell } = await takeEvery(stage.name, given, everyRun);
  const replayed = stage.replays === undefined ? undefined : raw[stage.replays];
  const inPart = stage.role === "source" || replayed !== undefined ? {} : partOf(streamIn, raw);
  const outPart = stage.role === "sink" ? {} : partOf(streamOut, raw);
  const requests: StageRequest[] = [{ stage, label: stage.name, raw: without(raw, inPart, outPart) }];
  if (replayed !== undefined) {
    lowerPriority();
    requests.unshift({ stage: (await loadStage("acquire"))!, label: "acquire", raw: { files: replayed } });
  } else if (stage.role !== "source") {
    requests.unshift({ stage: streamIn, label: "stream-in", servedStage: stage.name, raw: inPart });
  }
  if (stage.role !== "sink") {
    requests.push({ stage: streamOut, label: "stream-out", servedStage: stage.name, raw: outPart });
  }
  const spoken = { speech, what: stage.name, where: stage.name };
  return runStages(requests, voice, spoken, version, reads).catch((error: unknown) => rethrowSpelled(error, spell));
}

/** Several stages in this process. */
export async function runComposed(command: Command, words: readonly string[], version: string): Promise<ExitCode> {
  const syntax = { ...commandSyntax(command), positional: "file" };
  const firstStage = firstPlain(words, optionsOfSyntax(syntax));
  const isFile = !words.includes("then") && (await loadStage(words[firstStage] ?? "")) === undefined;
  const own = parseWords(syntax, isFile ? words : words.slice(0, firstStage));
  const { voice, speech, raw, reads, spell } = await takeEvery(
    command.name,
    without(own.raw, { file: true }),
    everyRun,
  );
  const { options, problems } = decodeOptions(command.name, command.options, raw);
  if (problems.length > 0) rethrowSpelled(new MoteError(problems, { exitCode: 2 }), spell);
  const files = (own.raw.file as string[] | undefined) ?? [];
  const request = await command.compose!(isFile ? files : words.slice(firstStage));
  const { onFailure = request.onFailure, ledger, check } = options as RunOptions;
  const requests = await Promise.all(request.calls.map(requestOf)).catch(nameRunFile(files[0], request.calls));
  const runFiles = files.map((file) => ({ where: `run, ${file}`, file }));
  const ways = { onFailure, ledger, isCheck: check === true };
  const spoken = { speech, what: files[0] ?? command.name, where: command.name };
  return runStages(requests, voice, spoken, version, [...reads, ...runFiles], ways).catch(
    nameRunFile(files[0], request.calls),
  );
}

interface RunOptions {
  readonly onFailure?: FailurePolicy;
  readonly ledger?: string;
  readonly check?: boolean;
}

/** Where the words begin that are no options of the run, nor their values. */
function firstPlain(words: readonly string[], own: OptionSpecs): number {
  const takesValue = (word: string | undefined) => {
    const name = word?.startsWith("--") ? camel(word.slice(2)) : "";
    return Object.hasOwn(own, name) && !own[name]!.isFlag;
  };
  const first = words.findIndex((word, i) => !word.startsWith("-") && !takesValue(words[i - 1]));
  return first < 0 ? words.length : first;
}

async function requestOf({ stage: name, words, raw: given, ...call }: StageCall): Promise<StageRequest> {
  const stage = (await loadStage(name))!;
  const parsed = given ? undefined : parseWords(stageSyntax(stage, false), words ?? []);
  if (parsed?.wantsHelp)
    throw refusal("option-conflict", call.label, `--help works outside a run`, `See mote ${name} --help.`);
  const raw = given ?? parsed!.raw;
  refuseMisplaced(call.label, stage, raw);
  if (stage.replays !== undefined && raw[stage.replays] !== undefined) {
    const where = `${call.label}, --${kebab(stage.replays)}`;
    throw refusal(
      "option-conflict",
      where,
      "takes the place of a source, and this run has one",
      "Give the files to acquire.",
    );
  }
  return { stage, raw, ...call };
}

/** Options that a stage has as a process of its own, and not within a run. */
function refuseMisplaced(label: string, stage: StageDeclaration, raw: RawOptions): void {
  for (const name of Object.keys(raw)) {
    if (Object.hasOwn(stage.options, name)) continue;
    const where = `${label}, --${kebab(name)}`;
    if (Object.hasOwn(everyRun, name))
      throw refusal(
        "option-conflict",
        where,
        "is an option of the whole run",
        `Put it behind mote run: mote run --${kebab(name)} ...`,
      );
    if (Object.hasOwn(linkOptions, name) || Object.hasOwn(tapOptions, name)) continue;
    if (Object.hasOwn(streamIn.options, name) || Object.hasOwn(streamOut.options, name))
      throw refusal(
        "option-conflict",
        where,
        "is for a stage in a shell pipeline, not within a run",
        "Begin with acquire, end with archive.",
      );
  }
}

/** What is refused of a run that a file describes is found there. */
function nameRunFile(file: string | undefined, calls: readonly StageCall[]): (error: unknown) => never {
  const callOf = new Map(calls.map((call) => [call.label, call]));
  return (error) => {
    if (file === undefined) throw error;
    rethrowSpelled(
      error,
      (label, option) => {
        const written = callOf.get(label)?.written;
        return written && `${file}, ${label}, ${spelling(option, written)}`;
      },
      file,
    );
  };
}

interface Ways {
  readonly onFailure?: FailurePolicy | undefined;
  /** File for what became of every frame. */
  readonly ledger?: string | undefined;
  /** The run is described and not begun. */
  readonly isCheck?: boolean;
}

async function runStages(
  requests: readonly StageRequest[],
  voice: Voice,
  spoken: Omit<SpeechOfRun, "holder">,
  version: string,
  reads: readonly UsedFile[],
  { onFailure, ledger, isCheck = false }: Ways = {},
): Promise<ExitCode> {
  const departure = new Departure();
  const { held } = departure;
  try {
    const world = { lookAtFiles: lookAtFilesConfined, holder: held };
    const planned = {
      ...(await planRun(requests, version, world, onFailure, loadTap)),
      hasLedger: ledger !== undefined,
      openingNotes: openingNotes(spoken.speech),
    };
    const ledgerFile = ledger === undefined ? undefined : { where: `run, --ledger ${ledger}`, file: ledger };
    const inTheWay = ledgerFile && claimProblem({ where: ledgerFile.where, path: ledgerFile.file, isForced: false });
    if (inTheWay) throw new MoteError([inTheWay], { exitCode: 2 });
    await checkRun(planned, spoolFolderProblem, fileConflicts, { reads, writes: ledgerFile ? [ledgerFile] : [] });
    if (isCheck) {
      const { plannedText, plannedJson } = await import("./planned-text.js");
      printResult("run --check", voice.json ? JSON.stringify(plannedJson(planned)) : plannedText(planned));
      return 0;
    }
    const ear = await openEar({ ...spoken, holder: held });
    const connections = new Connections(held);
    await connections.connect(planned.stages);
    return await executeRun(planned, connections, voice, departure, { ear, version }, async (fates) => {
      if (!ledgerFile) return;
      const { saveRunLedger } = await import("../storage/run-ledger.js");
      saveRunLedger(ledgerFile.where, ledgerFile.file, fates);
    });
  } finally {
    departure.end();
  }
}
