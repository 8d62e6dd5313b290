/**
 * After everything is healed the overlay is symmetric and in one piece: whoever has a peer is that
 * peer's peer, every peer lives, and there is a way along peers from each node to every other one.
 * Views keep to their sizes, hold nobody twice, and no node is in both.
 *
 * A node that came back without its key is refused by all who knew it, so nobody owes it a way.
 */
import type { Happening, HappeningOf } from '../happening.ts'
import type { MakeChecker } from './checker.ts'
import { Lives } from './lives.ts'

export type View = Omit<HappeningOf<'view'>, 'tag'>

export const overlay: MakeChecker = (_facts, accuse) => {
  const views = new Map<string, View>()
  const lives = new Lives()
  return {
    name: 'overlay',
    see(happening: Happening) {
      lives.see(happening)
      if (happening.tag === 'view') views.set(happening.node, happening)
      else if (happening.tag === 'settled') {
        for (const fault of overlayFaults([...views.values()], lives)) accuse(fault)
      }
    },
    finish: () => undefined,
  }
}

export function overlayFaults(all: readonly View[], lives: Lives): readonly string[] {
  const found: string[] = []
  const views = new Map(all.map((view) => [view.node, view]))
  for (const view of all) {
    found.push(...boundFaults(view))
    for (const peer of view.active) {
      const back = views.get(peer)
      if (back === undefined) found.push(`${view.node} has the peer ${peer}, which does not live`)
      else if (!back.active.includes(view.node)) {
        found.push(`${view.node} has the peer ${peer}, not the reverse`)
      }
    }
  }
  const known = [...views.keys()].filter((node) => !lives.isStranger(node))
  const [first] = known
  const reached = first === undefined ? new Set() : reachedFrom(views, first)
  const apart = known.filter((node) => !reached.has(node))
  if (apart.length > 0) found.push(`no way from ${first} to ${apart.join(' ')}`)
  return found
}

function boundFaults({ node, active, passive, activeMax, passiveMax }: View): readonly string[] {
  const found: string[] = []
  if (new Set(active).size < active.length) found.push(`${node} has a peer twice`)
  if (active.length > activeMax) found.push(`${node} has ${active.length} of ${activeMax} peers`)
  if (new Set(passive).size < passive.length) found.push(`${node} has a spare twice`)
  if (passive.length > passiveMax) {
    found.push(`${node} has ${passive.length} of ${passiveMax} spares`)
  }
  for (const peer of passive) {
    if (active.includes(peer)) found.push(`${node} has ${peer} in both views`)
  }
  if (active.includes(node) || passive.includes(node)) found.push(`${node} has itself in a view`)
  return found
}

function reachedFrom(views: ReadonlyMap<string, View>, first: string): ReadonlySet<string> {
  const reached = new Set([first])
  for (const node of reached) for (const peer of views.get(node)?.active ?? []) reached.add(peer)
  return reached
}
