/**
 * A remote spawn has one outcome, or its caller has died (S1, S3). What was spawned with a link
 * never outlives a failed request or a caller that died (L6): nobody else knows of it.
 */
import type { Happening, HappeningOf } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

type Spawn = {
  readonly begun: HappeningOf<'spawnBegun'>
  outcome: 'none' | 'ok' | 'error'
  readonly children: string[]
}

export const spawnOutcome: MakeChecker = (facts, accuse) => {
  const spawns = new Map<number, Spawn>()
  const unlinked = new Set<string>()
  const findOrphans = (): void => {
    for (const [id, { begun, outcome, children }] of spawns) {
      const dead = facts.isDead(begun.owner) && facts.reasonOf(begun.owner) !== '"normal"'
      if (!begun.link || (outcome !== 'error' && !dead)) continue
      for (const pid of children) {
        if (facts.isDead(pid) || unlinked.has(pid)) continue
        accuse(`${pid}, linked, outlives its spawn ${id}: ${outcome}`)
      }
    }
  }
  return {
    name: 'spawn-outcome',
    see(happening: Happening) {
      if (happening.tag === 'spawnBegun') {
        spawns.set(happening.id, { begun: happening, outcome: 'none', children: [] })
      } else if (happening.tag === 'childStarted') {
        const spawn = spawns.get(happening.id)
        spawn?.children.push(happening.pid)
        if ((spawn?.children.length ?? 0) > 1) accuse(`spawn ${happening.id} made two processes`)
      } else if (happening.tag === 'unlinked') unlinked.add(happening.target)
      else if (happening.tag === 'settled') findOrphans()
      else if (happening.tag === 'spawnEnded') {
        const spawn = spawns.get(happening.id)
        if (spawn === undefined) return
        if (spawn.outcome !== 'none') accuse(`spawn ${happening.id} ended twice`)
        spawn.outcome = happening.pid === null ? 'error' : 'ok'
        if (happening.pid !== null && !spawn.children.includes(happening.pid)) {
          accuse(`spawn ${happening.id} gave ${happening.pid}, which it did not make`)
        }
      }
    },
    finish() {
      for (const [id, { begun, outcome }] of spawns) {
        if (outcome !== 'none' || facts.isDead(begun.owner)) continue
        accuse(`spawn ${id} of ${begun.owner} has no outcome`)
      }
    },
  }
}
