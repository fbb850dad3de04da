/** The one place where tests wait by time: for a condition, until a deadline that is a failure; or until a fault's moment. */
import { setTimeout as pause } from "node:timers/promises";

const lookEveryMs = 10;

/** Waits until `condition` returns something true, and returns it; fails after `withinMs`, saying `what` was awaited. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, withinMs = 60_000 }: { readonly what: string; readonly withinMs?: number },
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > deadlineMs) throw new Error(`waited ${withinMs / 1000} s for ${what}, in vain`);
    await pause(lookEveryMs);
  }
}

/** The moment a fault strikes: anywhere in the next `mostMs`, as `random` (0 to 1) draws it. Stands for no condition. */
export async function momentWithin(mostMs: number, random: () => number): Promise<void> {
  await pause(random() * mostMs);
}
