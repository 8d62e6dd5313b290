/**
 * comedy: an in-memory actor, its default mode, with its log off. A tell is `send`, whose promise
 * nobody waits for, an ask is `sendAndReceive`. A send is handled one step later than an ask that
 * was made after it, so the total is asked for until it shows that all tells have arrived.
 */
import { type ActorRef, createSystem } from 'comedy'
import { timed } from '../local/workload.ts'
import type { Sample } from '../row.ts'
import { type LibraryWorkload, tellsPerAsk } from './workload.ts'

const silent = { loggerConfig: { categories: { Default: 'Silent' } } }

async function withActor(use: (actor: ActorRef) => Promise<Sample>): Promise<Sample> {
  const system = createSystem(silent)
  const root = await system.rootActor()
  let total = 0
  const actor = await root.createChild({
    add: (by: number): number => {
      total += by
      return total
    },
    total: (): number => total,
  })
  const sample = await use(actor)
  await system.destroy()
  return sample
}

export const comedyTell: LibraryWorkload = (operations) =>
  withActor((actor) =>
    timed(operations, async () => {
      let total = 0
      for (let told = 0; told < operations; ) {
        for (let i = 0; i < tellsPerAsk; i++) actor.send('add', 1)
        told += tellsPerAsk
        while (total < told) total = await actor.sendAndReceive('total')
      }
      return total
    }),
  )

export const comedyAsk: LibraryWorkload = (operations) =>
  withActor((actor) =>
    timed(operations, async () => {
      for (let i = 0; i < operations; i++) await actor.sendAndReceive('add', 1)
      return actor.sendAndReceive('total')
    }),
  )
