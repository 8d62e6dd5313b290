/**
 * xstate: an actor made from a transition function. A tell is `send`, which runs the function
 * before it returns. There is no ask; a program that needs one sends and then reads the snapshot,
 * as is done here. The alternative, a callback in the event, costs about the same and makes the
 * transition impure. Nothing is queued and nothing awaited, so a slow handler holds its sender and
 * a sender that never stops holds everybody: what is compared is two different promises.
 */
import { type AnyActorRef, createActor, fromTransition } from 'xstate'
import { timed } from '../local/workload.ts'
import { type LibraryWorkload, tellsPerAsk } from './workload.ts'

type Add = { readonly type: 'add'; readonly by: number }

const adder = fromTransition((total: number, { by }: Add) => total + by, 0)

function totalOf(actor: AnyActorRef): number {
  return actor.getSnapshot().context
}

export const xstateTell: LibraryWorkload = (operations) =>
  timed(operations, async () => {
    const actor = createActor(adder).start()
    let total = 0
    for (let batch = 0; batch < operations / tellsPerAsk; batch++) {
      for (let i = 0; i < tellsPerAsk; i++) actor.send({ type: 'add', by: 1 })
      total = totalOf(actor)
    }
    actor.stop()
    return total
  })

export const xstateAsk: LibraryWorkload = (operations) =>
  timed(operations, async () => {
    const actor = createActor(adder).start()
    let total = 0
    for (let i = 0; i < operations; i++) {
      actor.send({ type: 'add', by: 1 })
      total = totalOf(actor)
    }
    actor.stop()
    return total
  })
