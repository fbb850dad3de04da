/** A run that was checked and not begun: its stages as a tree, what flows between them, and what memory it takes. */

import { slotLayout } from "../memory/slot-layout.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { JsonValue } from "../model/json.js";
import type { PlannedRun } from "../pipeline/negotiate.js";
import { layOutRun, linkInto, linksBehind, type RunLayout } from "../pipeline/run-layout.js";
import { oneLine } from "../printable.js";
import { formatBytes, formatCount } from "../units.js";

const wasmPageBytes = 65_536;

export function plannedText(planned: PlannedRun): string {
  const layout = layOutRun(planned.stages[0]!.output, planned);
  const lines = [labelOf(planned, layout, 0), ...branchesOf(planned, layout, 0, "")];
  const { slots, spareSlots, geometry } = layout.pool;
  const { slotBytes } = slotLayout(geometry);
  lines.push(
    "",
    `${formatCount(slots, "slot")} of ${formatBytes(slotBytes)} and ${spareSlots} spare, ${formatCount(layout.threads.length, "thread")}, ${formatBytes(layout.memoryPages * wasmPageBytes)} of memory at most`,
    `when a stage fails: ${planned.onFailure}`,
  );
  return lines.map((line) => oneLine(line)).join("\n");
}

export function plannedJson(planned: PlannedRun): JsonValue {
  const layout = layOutRun(planned.stages[0]!.output, planned);
  return {
    stages: planned.stages.map(({ label, stage, output }, stageIndex) => ({
      stage: label,
      role: stage.role,
      from: planned.stages[planned.links.find(({ to }) => to === stageIndex)?.from ?? -1]?.label ?? null,
      frames: output.hasFrames ? formatOf(output) : null,
      detections: output.detections ? [...output.detections.columns] : null,
    })),
    links: layout.links.map(({ from, to, policy, every, shape }) => ({
      from: planned.stages[from]!.label,
      to: planned.stages[to]!.label,
      policy,
      every,
      capacity: shape.capacity,
    })),
    slots: layout.pool.slots,
    spareSlots: layout.pool.spareSlots,
    slotBytes: slotLayout(layout.pool.geometry).slotBytes,
    threads: layout.threads.length,
    memoryBytes: layout.memoryPages * wasmPageBytes,
    onFailure: planned.onFailure,
  };
}

function branchesOf(planned: PlannedRun, layout: RunLayout, stageIndex: number, indent: string): string[] {
  const links = linksBehind(layout, stageIndex);
  return links.flatMap((link, i) => {
    const { to } = layout.links[link]!;
    const isLast = i === links.length - 1;
    const rest = branchesOf(planned, layout, to, `${indent}${isLast ? "   " : "│  "}`);
    return [`${indent}${isLast ? "└─ " : "├─ "}${labelOf(planned, layout, to)}`, ...rest];
  });
}

/** "track (spill, every 10): uint16 2048x2048, 12 bit, 50 Hz, detections" */
function labelOf({ stages }: PlannedRun, layout: RunLayout, stageIndex: number): string {
  const { label, stage, input, output } = stages[stageIndex]!;
  const link = layout.links[linkInto(layout, stageIndex)];
  const name = label === stage.name ? label : `${label} (${stage.name})`;
  const way = link ? ` <- ${link.policy}${link.every > 1 ? `, every ${link.every}` : ""}` : "";
  return `${name}${way}: ${formatOf(stage.role === "sink" ? input : output)}`;
}

function formatOf({ pixelFormat, bitDepth, shape, rateHz, isLive, hasFrames, detections }: StreamDescriptor): string {
  const parts = hasFrames ? [`${shape.width}x${shape.height} ${pixelFormat}, ${bitDepth} bit`] : ["no frames"];
  if (rateHz !== null) parts.push(`${rateHz} Hz`);
  if (isLive) parts.push("live");
  if (detections) parts.push("detections");
  return parts.join(", ");
}
