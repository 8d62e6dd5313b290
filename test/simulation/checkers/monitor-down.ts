/**
 * A monitor fires once: never twice, never after a demonitor with flush, with the truth about its
 * target, and by the end of the run if its target is gone (M2, M3, M5). A loss that it was set
 * across is told before the nodedown of that channel (D5).
 */
import type { Happening, HappeningOf } from '../happening.ts'
import type { Facts, MakeChecker } from './checker.ts'

type Held = {
  readonly set: HappeningOf<'monitored'>
  state: 'active' | 'fired' | 'removed'
}

export const monitorDown: MakeChecker = (facts, accuse) => {
  const monitors = new Map<number, Held>()
  const fired = (held: Held, { id, reason, downs }: HappeningOf<'down'>): void => {
    const { set, state } = held
    if (state !== 'active') accuse(`monitor ${id} of ${set.owner} was ${state}, then fired`)
    held.state = 'fired'
    const untrue = untruth(facts, set, reason)
    if (untrue !== undefined) accuse(`monitor ${id} of ${set.owner}: ${untrue}`)
    const { onChannel } = set
    if (reason === '"noconnection"' && onChannel !== null && downs > onChannel.downs) {
      accuse(`monitor ${id} of ${set.owner} fired after the nodedown of ${onChannel.peer}`)
    }
  }
  return {
    name: 'monitor-down',
    see(happening: Happening) {
      if (happening.tag === 'monitored') {
        monitors.set(happening.id, { set: happening, state: 'active' })
      } else if (happening.tag === 'down') {
        const held = monitors.get(happening.id)
        if (held === undefined) accuse(`a DOWN of monitor ${happening.id}, which nobody set`)
        else fired(held, happening)
      } else if (happening.tag === 'demonitored') {
        const held = monitors.get(happening.id)
        if (held !== undefined) held.state = 'removed'
      }
    },
    finish() {
      for (const [id, { set, state }] of monitors) {
        if (state !== 'active' || facts.isDead(set.owner)) continue
        if (set.target !== null && !facts.isDead(set.target)) continue
        accuse(`monitor ${id} of ${set.owner} on ${set.target ?? 'a name'} never fired`)
      }
    },
  }
}

function untruth(facts: Facts, set: HappeningOf<'monitored'>, reason: string): string | undefined {
  if (set.target === null || reason === '"noconnection"') return undefined
  if (reason === '"noproc"') {
    return facts.isDead(set.target) ? undefined : `noproc of ${set.target}, which lives`
  }
  const real = facts.reasonOf(set.target)
  return real === reason ? undefined : `said ${reason}, but ${set.target} ended with ${real}`
}
