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
  const filled =
    budget === undefined
      ? burst
      : Math.min(burst, budget.left + ((nowMs - budget.atMs) * perMinute) / 60_000)
  return filled < 1 ? undefined : { left: filled - 1, atMs: nowMs }
}

/**
 * Buckets by name, at most `max` of them; names beyond share the one of ''. Undefined when the
 * bucket is empty.
 */
export function spendOf(
  budgets: ReadonlyMap<string, Budget>,
  name: string,
  { nowMs, rate, max }: { readonly nowMs: number; readonly rate: Rate; readonly max: number },
): ReadonlyMap<string, Budget> | undefined {
  const key = budgets.has(name) || budgets.size < max ? name : ''
  const spent = spend(budgets.get(key), nowMs, rate)
  return spent === undefined ? undefined : new Map(budgets).set(key, spent)
}
