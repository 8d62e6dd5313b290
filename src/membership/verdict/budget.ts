/**
 * A token bucket as plain data: how much of something one node may still cause here. It fills at a
 * steady rate up to its burst; an absent one is full.
 */
export type Budget = { readonly left: number; readonly atMs: number }

export type Rate = { readonly burst: number; readonly perMinute: number }

/** The bucket with one taken; undefined when it is empty. */
export function spend(
  budget: Budget | undefined,
  nowMs: number,
  { burst, perMinute }: Rate,
): Budget | undefined {
  const filled = budget === undefined ? burst : filledTo(budget, nowMs, { burst, perMinute })
  return filled < 1 ? undefined : { left: filled - 1, atMs: nowMs }
}

/**
 * Buckets by name, at most `max` of them, of which those that are full again make room; names
 * beyond share the one of ''. Undefined when the bucket is empty.
 */
export function spendOf(
  budgets: ReadonlyMap<string, Budget>,
  name: string,
  { nowMs, rate, max }: { readonly nowMs: number; readonly rate: Rate; readonly max: number },
): ReadonlyMap<string, Budget> | undefined {
  const roomy = budgets.has(name) || budgets.size < max
  const kept = roomy ? budgets : used(budgets, nowMs, rate)
  const key = roomy || kept.size < max ? name : ''
  const spent = spend(kept.get(key), nowMs, rate)
  return spent === undefined ? undefined : new Map(kept).set(key, spent)
}

function used(
  budgets: ReadonlyMap<string, Budget>,
  nowMs: number,
  rate: Rate,
): ReadonlyMap<string, Budget> {
  return new Map([...budgets].filter(([, budget]) => filledTo(budget, nowMs, rate) < rate.burst))
}

function filledTo({ left, atMs }: Budget, nowMs: number, { burst, perMinute }: Rate): number {
  return Math.min(burst, left + ((nowMs - atMs) * perMinute) / 60_000)
}
