/**
 * After everything is healed the overlay is symmetric and in one piece: whoever has a peer is that
 * peer's peer, every peer lives, and there is a way along peers from each node that told its view
 * to every other one.
 */
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

type Views = ReadonlyMap<string, readonly string[]>

export const overlay: MakeChecker = (_facts, accuse) => {
  const views = new Map<string, readonly string[]>()
  return {
    name: 'overlay',
    see(happening: Happening) {
      if (happening.tag === 'view') views.set(happening.node, happening.active)
      else if (happening.tag === 'settled') for (const fault of faultsOf(views)) accuse(fault)
    },
    finish: () => undefined,
  }
}

function faultsOf(views: Views): readonly string[] {
  const found: string[] = []
  for (const [node, active] of views) {
    for (const peer of active) {
      const back = views.get(peer)
      if (back === undefined) found.push(`${node} has the peer ${peer}, which does not live`)
      else if (!back.includes(node)) found.push(`${node} has the peer ${peer}, not the reverse`)
    }
    if (new Set(active).size < active.length) found.push(`${node} has a peer twice`)
  }
  const [first] = views.keys()
  const reached = first === undefined ? new Set() : reachedFrom(views, first)
  const apart = [...views.keys()].filter((node) => !reached.has(node))
  if (apart.length > 0) found.push(`no way from ${first} to ${apart.join(' ')}`)
  return found
}

function reachedFrom(views: Views, first: string): ReadonlySet<string> {
  const reached = new Set([first])
  for (const node of reached) for (const peer of views.get(node) ?? []) reached.add(peer)
  return reached
}
