/**
 * nact: an actor is a function of state and message. A tell is `dispatch`, an ask is `query`, whose
 * answer goes to a reference in the message. Messages of one actor are handled in order, so an ask
 * of the total after the tells tells how many have arrived. No logging, no persistence.
 */
import { dispatch, query, type Ref, spawn, start, stop } from 'nact'
import { timed } from '../local/workload.ts'
import type { Sample } from '../row.ts'
import { type LibraryWorkload, tellsPerAsk } from './workload.ts'

type Add = { readonly by: number; readonly answerTo: Ref<number> | null }

const askTimeoutMs = 5_000

function add(total: number, { by, answerTo }: Add): number {
  if (answerTo !== null) dispatch(answerTo, total + by)
  return total + by
}

async function withActor(use: (actor: Ref<Add>) => Promise<Sample>): Promise<Sample> {
  const system = start()
  const sample = await use(spawn(system, add, 'adder', { initialState: 0 }))
  stop(system)
  return sample
}

function ask(actor: Ref<Add>, by: number): Promise<number> {
  return query(actor, (answerTo: Ref<number>) => ({ by, answerTo }), askTimeoutMs)
}

export const nactTell: LibraryWorkload = (operations) =>
  withActor((actor) =>
    timed(operations, async () => {
      for (let batch = 0; batch < operations / tellsPerAsk; batch++) {
        for (let i = 0; i < tellsPerAsk; i++) dispatch(actor, { by: 1, answerTo: null })
        await ask(actor, 0)
      }
      return ask(actor, 0)
    }),
  )

export const nactAsk: LibraryWorkload = (operations) =>
  withActor((actor) =>
    timed(operations, async () => {
      for (let i = 0; i < operations; i++) await ask(actor, 1)
      return ask(actor, 0)
    }),
  )
