/**
 * The cluster: every node joins the overlay through a few contacts, agents broadcast, and a
 * listener on each node tells what comes. After the healing all must find one overlay, agree about
 * who lives, and get what was broadcast before and what is broadcast then; and from then on nobody
 * may be said to be down.
 */
import { ClusterWatch } from '../cluster-watch.ts'
import type { MakeExtension } from '../extension.ts'

/**
 * Everybody has found everybody within this, and does again when nothing was wrong before: edges
 * change all the time, on slow networks one of many is under way at almost any moment.
 */
const convergeWithinMs = 60_000
/** What was broadcast has reached all who stayed within this. */
const deliverWithinMs = 30_000
const calmMs = 3_000
const speakersMax = 4
const ballastMaxChars = 4_000

export const cluster: MakeExtension = (sim, witness, { cluster: draw }) => {
  const { contacts, options, broadcastOneIn } = draw
  const watch = new ClusterWatch(sim, witness, options.membership)
  const below = (limit: number): number => Math.floor(limit * sim.world.random.unit())
  const ballast = (): string => 'b'.repeat(below(2) * below(ballastMaxChars))
  return {
    name: 'cluster',
    bootOptions: (name) => ({
      join: contacts.get(name) ?? [],
      cluster: { ...options, version: '1.0', metadata: { name } },
    }),
    booted: (node) => watch.started(node),
    async act(grip) {
      if (grip.oneIn(broadcastOneIn)) await watch.speak(grip.self, ballast())
    },
    async settle() {
      await watch.converge(convergeWithinMs)
      for (let left = 1 + below(speakersMax); left > 0; left--) {
        const node = watch.someNode()
        if (node !== undefined) await sim.settle('a node speaks', watch.speak(node, ballast()))
      }
      await watch.deliver(deliverWithinMs)
      witness.tell({ tag: 'calm' })
      await sim.run(calmMs)
      const look = await watch.converge(convergeWithinMs)
      if (look !== undefined) watch.show(look)
    },
  }
}
