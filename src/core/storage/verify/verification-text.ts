/** A verification for people: one line that says it, a short table of the checks, what was found, and what to do. */
import { needsEscapes, oneLine } from "../../printable.js";
import { formatBytes, formatCount, formatDuration } from "../../units.js";
import { checkNames } from "./finding-codes.js";
import { othersText } from "./other-files.js";
import { exitCodeOf } from "./verdict.js";
import type { Finding, Verification } from "./verification.js";

const shownFindings = 8;
const indent = " ".repeat(29);

export function verificationText(report: Verification, elapsedMs: number): string {
  const lines = [`${report.path}: ${verdictText(report)}`];
  lines.push(`  ${holdings(report)}, checked in ${formatDuration(elapsedMs)}`);
  for (const check of checkNames) {
    const found = report.findings.filter((finding) => finding.check === check);
    const looked = report.checks.get(check);
    if (looked === undefined && found.length === 0) continue;
    const first = looked ?? "not all of it could be looked at";
    lines.push(`  ${check.padEnd(13)} ${stateWord(found).padEnd(12)} ${first}`);
    for (const finding of found.slice(0, shownFindings)) lines.push(`${indent}${placeText(finding)}${finding.what}`);
    if (found.length > shownFindings) lines.push(`${indent}and ${found.length - shownFindings} more`);
  }
  for (const { aspect, why } of report.unchecked)
    lines.push(`  ${aspect.padEnd(13)} ${"not checked".padEnd(12)} ${why}`);
  if (report.otherFiles.length > 0)
    lines.push(`  ${"other files".padEnd(13)} ${"not checked".padEnd(12)} ${othersText(report.otherFiles)}`);
  for (const note of report.notes) lines.push(`  ${note}`);
  // A recording that had been cut gets no longer by being recovered again.
  const isMended = report.findings.every(({ code }) => code === "recording-cut");
  if (exitCodeOf[report.verdict] !== 0 && report.isRecoverable && !isMended) {
    lines.push(`  To get back what is whole: mote recover ${shellWord(report.path)}`);
  }
  return lines.map((line) => oneLine(line)).join("\n");
}

function verdictText(report: Verification): string {
  if (report.verdict === "whole") return "whole";
  if (report.verdict === "unchecked") return `${uncheckedText(report)} not checked, the rest is right`;
  const { frames, framesExpected } = report;
  const counted =
    frames === null
      ? ""
      : framesExpected !== null && framesExpected >= frames
        ? `: ${frames.toLocaleString("en-US")} of ${formatCount(framesExpected, "frame")} intact`
        : `: ${formatCount(frames, "frame")} intact`;
  return `${report.verdict === "damaged" ? "DAMAGED" : "INCOMPLETE"}${counted}`;
}

/** "pixels and end": what the first line calls not checked. */
function uncheckedText({ unchecked }: Verification): string {
  const names = unchecked.map(({ aspect }) => aspect);
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

function holdings({ format, bytes, frames, rows }: Verification): string {
  const parts = [format, formatBytes(bytes)];
  if (frames !== null) parts.push(formatCount(frames, "frame"));
  if (rows !== null) parts.push(formatCount(rows, frames === null ? "row" : "detection"));
  return parts.join(", ");
}

function stateWord(found: readonly Finding[]): string {
  if (found.some(({ kind }) => kind === "damaged")) return "DAMAGED";
  return found.length > 0 ? "INCOMPLETE" : "good";
}

function placeText({ file, byte }: Finding): string {
  const parts = [...(file === null ? [] : [file]), ...(byte === null ? [] : [`byte ${byte.toLocaleString("en-US")}`])];
  return parts.length > 0 ? `${parts.join(", ")}: ` : "";
}

/** A path as a shell reads it back; control characters in the way of bash, zsh and ksh. */
export function shellWord(path: string): string {
  if (needsEscapes(path)) return `$'${[...Buffer.from(path)].map(shellByte).join("")}'`;
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function shellByte(byte: number): string {
  const isPlain = byte >= 32 && byte < 127 && byte !== 39 && byte !== 92;
  return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** The same for programs. */
export function verificationJson(report: Verification, elapsedMs: number) {
  const checks: Record<string, { state: string; checked: string | null }> = {};
  for (const check of checkNames) {
    const found = report.findings.filter((finding) => finding.check === check);
    const looked = report.checks.get(check) ?? null;
    if (looked !== null || found.length > 0) checks[check] = { state: stateWord(found).toLowerCase(), checked: looked };
  }
  return {
    file: report.path,
    format: report.format,
    verdict: report.verdict,
    bytes: report.bytes,
    frames: report.frames,
    framesExpected: report.framesExpected,
    rows: report.rows,
    checks,
    reasons: report.reasons.map((reason) => ({ ...reason })),
    unchecked: report.unchecked.map((one) => ({ ...one })),
    otherFiles: [...report.otherFiles],
    findings: report.findings.map((finding) => ({ ...finding })),
    findingCount: report.findingCount,
    notes: [...report.notes],
    elapsedMs: Math.round(elapsedMs),
  };
}
