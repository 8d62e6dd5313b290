/**
 * What a churn has started and what it has seen of it, pair by pair. Pure. The heap may be flat
 * because nothing was done; so the run counts only if every number meets its partner.
 */
export type Tally = {
  spawned: number
  /** Exit signals `normal` of those. */
  ended: number
  /** Processes made to fail. */
  crashed: number
  /** Exit signals with exactly the reason each was made to fail with. */
  crashesSeen: number
  called: number
  answered: number
  monitored: number
  /** DOWN messages. */
  downs: number
  demonitored: number
  timersSet: number
  fired: number
  cancelled: number
  /** Messages nobody had asked for. */
  strange: number
}

export function emptyTally(): Tally {
  return {
    spawned: 0,
    ended: 0,
    crashed: 0,
    crashesSeen: 0,
    called: 0,
    answered: 0,
    monitored: 0,
    downs: 0,
    demonitored: 0,
    timersSet: 0,
    fired: 0,
    cancelled: 0,
    strange: 0,
  }
}

/** Operations seen through: begun and over, each counted once. */
export function completed(tally: Tally): number {
  const { ended, crashesSeen, answered, downs, demonitored, fired, cancelled } = tally
  return ended + crashesSeen + answered + downs + demonitored + fired + cancelled
}

/** What does not add up, in words; empty when all does. */
export function discrepancies(tally: Tally): string[] {
  const pairs: readonly (readonly [string, number, string, number])[] = [
    ['spawned', tally.spawned, 'ended', tally.ended],
    ['crashed', tally.crashed, 'seen to crash', tally.crashesSeen],
    ['called', tally.called, 'answered', tally.answered],
    ['monitored', tally.monitored, 'DOWN or given up', tally.downs + tally.demonitored],
    ['timers set', tally.timersSet, 'fired or cancelled', tally.fired + tally.cancelled],
    ['strange messages', tally.strange, 'expected', 0],
  ]
  return pairs
    .filter(([, begun, , over]) => begun !== over)
    .map(([what, begun, outcome, over]) => `${begun} ${what}, ${over} ${outcome}`)
}
