/**
 * A broadcast reaches every node that was on when it began and still is, exactly once, its origin
 * included, if that still is on too: what a node had told nobody is lost with it. Nobody delivers
 * what was never broadcast; a node that booted later may deliver it once.
 */
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

type Sent = { readonly origin: string; readonly audience: readonly string[] }

export const broadcasts: MakeChecker = (_facts, accuse) => {
  const on = new Set<string>()
  const sent = new Map<string, Sent>()
  /** Nodes that delivered it, by broadcast. */
  const delivered = new Map<string, Set<string>>()
  const deliver = (id: string, node: string): void => {
    const nodes = delivered.get(id)
    if (nodes === undefined) accuse(`${node} delivered ${id}, which nobody broadcast`)
    else if (nodes.has(node)) accuse(`${node} delivered ${id} twice`)
    else nodes.add(node)
  }
  const findMissing = (): void => {
    for (const [id, { origin, audience }] of sent) {
      if (!on.has(origin)) continue
      const missing = audience.filter((node) => on.has(node) && !delivered.get(id)?.has(node))
      if (missing.length > 0) accuse(`${id} of ${origin} never reached ${missing.join(' ')}`)
    }
  }
  return {
    name: 'broadcast',
    see(happening: Happening) {
      if (happening.tag === 'boots') on.add(happening.node)
      else if (happening.tag === 'crashed') on.delete(happening.node)
      else if (happening.tag === 'broadcast') {
        sent.set(happening.id, { origin: happening.node, audience: [...on] })
        delivered.set(happening.id, new Set())
      } else if (happening.tag === 'delivered') deliver(happening.id, happening.node)
      else if (happening.tag === 'settled') findMissing()
    },
    finish: () => undefined,
  }
}
